"""`otherwise` takes every lead, so it must be the last rule of its list."""

from __future__ import annotations

from adapters.documents.marked import Node


def check_fallbacks(root: Node) -> None:
    """Report each `otherwise` with rules after it, which would never be used."""
    for rules in (root.get("doors"), root.get("handoff", "routing")):
        *others, _ = [None, *rules.each()]
        for rule in others:
            if rule is not None and rule.get("otherwise").text is not None:
                rule.get("otherwise").report(
                    "'otherwise' takes every lead, so the rules after it are never asked;"
                    " move it to the end of the list",
                    key=True,
                )
