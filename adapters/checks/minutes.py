"""`2m` is two minutes; where people wait for days, they probably meant months."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.checks.references import steps_in
from adapters.documents.marked import Node
from models.program.schedules import REENGAGE

_MOST_MONTHS = 12
"""A wait of more minutes, like 15m or 30m, is rarely meant as months."""


def warn_of_minutes(root: Node) -> None:
    """Warn of lengths of 1m to 12m where months are more likely than minutes."""
    for length in _lengths(root):
        match = re.fullmatch(r"(?:.* per )?\s*(\d{1,3})\s*m\s*", length.text or "", re.ASCII)
        if match is not None and 1 <= int(match[1]) <= _MOST_MONTHS:
            count = int(match[1])
            length.warn(
                f"'{count}m' is {count} minute{'s' if count > 1 else ''}, not months;"
                f" for months write {count * 30}d"
            )


def _lengths(root: Node) -> Iterator[Node]:
    for track in root.get("tracks").values():
        for step in steps_in(track.get("steps")):
            yield step.get("wait")
            yield step.get("up_to")
    yield root.get("scoring", "engagement", "half_life")
    for rule in root.get("scoring", "engagement", "rules").each():
        yield rule.get("at_most")
    yield from root.get("sending", "caps").each()
    yield root.get("handoff", "hold_at_most")
    yield root.get("schedules", REENGAGE, "select", "idle_for")
    for rule in root.get("lifecycle", "idle").each():
        yield rule.get("after")
    for reasons in (root.get("recycle", "reasons"), root.get("lost_reasons")):
        for reason in reasons.values():
            yield reason.get("cool_off")
