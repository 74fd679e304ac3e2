"""Events whose ids are on the lead's timeline already: their second arrival has no effect.

The workflow remembers the ids of thirty days and at least of its latest 1,000 events. After it went
on from its row it knows only these 1,000. An older id is looked up on the timeline, and so is each
id on the timelines of leads that were merged into this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from activities.ports import Journal
from models.envelopes import Envelope
from models.state import LeadState

REMEMBERED = 1_000
"""Ids that a workflow remembers in any case. A lead with fewer entries has forgotten none."""


def marked_duplicates(
    journal: Journal, state: LeadState, inputs: Sequence[Envelope]
) -> list[Envelope]:
    """The inputs; events that the timeline has are marked as duplicates."""
    merged = [str(one["body"].get("other")) for one in inputs if one["kind"] == "merge"]
    others = {*state.joined, *merged}
    if state.seq <= REMEMBERED and not others:
        return list(inputs)
    ids = {place: event for place, one in enumerate(inputs) if (event := _new_event(one))}
    known = journal.known_events({state.lead, *others}, set(ids.values())) if ids else frozenset()
    return [
        {**one, "duplicate": True} if ids.get(place) in known else one
        for place, one in enumerate(inputs)
    ]


def _new_event(envelope: Envelope) -> str | None:
    """The id of an event that the workflow took for a new one."""
    body = envelope.get("body")
    if envelope["kind"] != "event" or envelope.get("duplicate") or not isinstance(body, Mapping):
        return None
    found = body.get("id")
    return found if isinstance(found, str) else None
