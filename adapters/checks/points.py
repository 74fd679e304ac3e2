"""Points that do not count as they are written."""

from __future__ import annotations

from adapters.documents.marked import Node
from models.durations import parse_at_most


def warn_of_lost_points(root: Node) -> None:
    """Warn of rules that add nothing, and of caps below the points of one event."""
    rules = list(root.get("scoring", "engagement", "rules").each())
    for rule in (*root.get("scoring", "fit").each(), *rules):
        if rule.get("points").value == 0:
            rule.get("points").warn("0 points add nothing; write a number, or remove the rule")
    for rule in rules:
        cap, points = rule.get("at_most"), rule.get("points").value
        if cap.value is None or not isinstance(points, int | float):
            continue
        most = parse_at_most(cap.value).most
        if most < abs(points):
            cap.warn(
                f"the cap {most:g} is below the {abs(points):g} points of one event, which never"
                " count in full; write a larger cap, or fewer points"
            )
