"""The steps of a track: each must be reachable, and each id must be unique."""

from __future__ import annotations

from adapters.checks.references import steps_in
from adapters.documents.marked import Node


def check_tracks(root: Node) -> None:
    """Report steps that no lead can reach, and ids that occur twice in a track."""
    for track in root.get("tracks").values():
        _check_reachable(track.get("steps"))
        seen: dict[str, int] = {}
        for step in steps_in(track.get("steps")):
            own = step.get("id")
            if own.text is None:
                continue
            line = own.document.values[own.path].line
            if own.text in seen:
                own.report(
                    f"the id '{own.text}' is taken in this track, in line {seen[own.text]};"
                    " give each step its own"
                )
            seen.setdefault(own.text, line)


def _check_reachable(steps: Node) -> bool:
    """Report the first step that is never reached. Returns whether the steps leave the track."""
    left_by: Node | None = None
    reported = False
    for step in steps.each():
        if left_by is not None and not reported:
            step.report(f"this step is never reached: {_why(left_by)}; remove or move it")
            reported = True
        if _step_leaves(step) and left_by is None:
            left_by = step
    return left_by is not None


def _step_leaves(step: Node) -> bool:
    if step.get("finish").value is True or step.get("move_to").text is not None:
        return True
    both = [_check_reachable(step.get(branch)) for branch in ("then", "else")]
    return all(both)


def _why(step: Node) -> str:
    if step.get("finish").value is True:
        return "'finish' before it leaves the track"
    if (track := step.get("move_to").text) is not None:
        return f"'move_to: {track}' before it leaves the track"
    return "both branches of the step before it leave the track"
