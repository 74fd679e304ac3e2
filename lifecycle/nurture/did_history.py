"""What a lead did, looked up in its timeline: for what its state does not remember."""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.program.expressions import did_signature
from models.decision import Entry
from models.instants import parse_instant
from models.state import LeadState


def found_did(
    entries: Iterable[Entry], asked: frozenset[str], state: LeadState
) -> tuple[frozenset[str], frozenset[str]]:
    """The signatures that happened in this cycle, and since the running track was entered."""
    in_cycle, in_track = set[str](), set[str]()
    for entry in entries:
        if entry.kind == "recycled":
            in_cycle.clear()
        elif entry.kind == "track_entered":
            in_track.clear()
        if entry.kind != "event" or entry.fields.get("late") or entry.fields.get("machine"):
            continue
        type_, subject = entry.fields["type"], entry.fields.get("subject", "")
        did = asked & {did_signature(type_), did_signature(type_, subject)}
        happened = entry.fields.get("happened")
        at = parse_instant(happened) if happened is not None else entry.at
        if state.cycle_at is None or at >= state.cycle_at:
            in_cycle |= did
        if state.track is not None and at >= state.track.entered:
            in_track |= did
    return frozenset(in_cycle), frozenset(in_track)
