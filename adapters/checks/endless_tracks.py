"""Tracks with `again` that a lead goes through in turn, for ever and without an event."""

from __future__ import annotations

from typing import get_args

from adapters.checks.references import steps_in
from adapters.checks.unreachable_tracks import conjuncts, holds_in, may_hold
from adapters.documents.marked import Node
from lifecycle.stages import TRACKLESS
from models.program.values import Motion, Stage


def warn_of_endless_turns(root: Node) -> None:
    """Warn of the second of two tracks that follow each other for ever."""
    again = [(name, one) for name, one in root.get("tracks").items() if one.get("again").value]
    for place, (name, track) in enumerate(again):
        for earlier, other in again[:place]:
            if stage := _common_stage(track, other):
                track.get("again").warn(
                    f"a lead in stage '{stage}' for which both 'for' hold goes through '{earlier}'"
                    f" and '{name}' in turn for ever, for each may begin again when the other"
                    " ends; take 'again: true' from one of them"
                )
                break
            if _moves(track, earlier) and _moves(other, name):
                track.get("again").warn(
                    f"'{earlier}' and '{name}' move to each other for ever; take 'again: true'"
                    " from one of them"
                )
                break


def _common_stage(one: Node, other: Node) -> str | None:
    """A stage in which both tracks begin by themselves for all leads that one of them takes."""
    sources = [track.get("for").text or "" for track in (one, other)]
    if one.get("start_on").text is not None or other.get("start_on").text is not None:
        return None
    asked = [[part.strip() for part in conjuncts(source)] for source in sources]
    for stage in get_args(Stage):
        if stage in TRACKLESS:
            continue
        for motion in get_args(Motion):
            first, second = (_asked_beside(parts, stage, motion) for parts in asked)
            if first is None or second is None:
                continue
            if first <= second or second <= first:
                return str(stage)
    return None


def _asked_beside(parts: list[str], stage: str, motion: str) -> frozenset[str] | None:
    """What is asked of a lead beside this stage and motion; None if these are ruled out."""
    if not all(may_hold(part, stage, motion) for part in parts):
        return None
    return frozenset(part for part in parts if not holds_in(part, stage, motion))


def _moves(track: Node, to: str) -> bool:
    return any(step.get("move_to").text == to for step in steps_in(track.get("steps")))
