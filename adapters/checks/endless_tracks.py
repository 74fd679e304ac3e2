"""Tracks with `again` that a lead goes through in turn, for ever and without an event."""

from __future__ import annotations

from typing import get_args

from adapters.checks.references import steps_in
from adapters.checks.unreachable_tracks import conjuncts, holds_in
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
                    f"a lead in stage '{stage}' goes through '{earlier}' and '{name}' in turn for"
                    " ever, for each may begin again when the other ends; take 'again: true'"
                    " from one of them"
                )
                break
            if _moves(track, earlier) and _moves(other, name):
                track.get("again").warn(
                    f"'{earlier}' and '{name}' move to each other for ever; take 'again: true'"
                    " from one of them"
                )
                break


def _common_stage(one: Node, other: Node) -> str | None:
    """A stage in which both tracks begin by themselves, whatever else is true of the lead."""
    sources = [track.get("for").text or "" for track in (one, other)]
    if one.get("start_on").text is not None or other.get("start_on").text is not None:
        return None
    parts = [part for source in sources for part in conjuncts(source)]
    for stage in get_args(Stage):
        if stage not in TRACKLESS and any(
            all(holds_in(part, stage, motion) for part in parts) for motion in get_args(Motion)
        ):
            return str(stage)
    return None


def _moves(track: Node, to: str) -> bool:
    return any(step.get("move_to").text == to for step in steps_in(track.get("steps")))
