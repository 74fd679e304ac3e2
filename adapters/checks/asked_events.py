"""Expressions about an event that ask nothing of it: any event would do."""

from __future__ import annotations

from adapters.checks.parsed_expressions import parsed_expressions
from adapters.documents.marked import Node


def warn_of_any_event(root: Node) -> None:
    """Warn of `hand_raise` and `start_on` without `event`: each later event counts again."""
    for node, tokens in parsed_expressions(root):
        key = node.path[-1]
        if key in ("hand_raise", "start_on") and "event" not in [token.text for token in tokens]:
            node.warn(
                f"'{key}' asks nothing of the event, so while it holds, every event counts, also"
                " an opened mail; write one like event.type == 'form.submitted'"
            )
