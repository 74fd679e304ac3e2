"""Meetings: booked, moved and cancelled by their id (docs/language.md section 6).

A meeting belongs to the lead, so it may be booked before there is a handoff. The latest event by
its own time counts, in whatever order events arrive.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from lifecycle.handoff.holds import end_hold, hold_for_meetings
from lifecycle.moment import Moment
from lifecycle.stable_hash import short_hash
from lifecycle.stages import WORKED
from models.inputs import Event
from models.instants import parse_instant
from models.state import MeetingState

BOOKED: Final = "meeting.booked"
CANCELLED: Final = "meeting.cancelled"
TYPES: Final = (BOOKED, CANCELLED)

MAX_MEETINGS = 32
"""How many meetings of a lead are remembered, so that its state stays small."""


def apply_event(m: Moment, event: Event) -> bool:
    """Book, move or cancel a meeting. Returns whether it now counts as a touch by the owner."""
    key = short_hash(str(event.data.get("id") or ""))
    known = m.state.meetings.get(key)
    meeting = known or MeetingState(said=event.at)
    if event.at >= meeting.said:
        meeting = _changed(meeting, event)
    worked = m.state.stage in WORKED and m.state.owner is not None
    touches = event.type == BOOKED and worked and not meeting.touched
    _remember(m, key, dataclasses.replace(meeting, touched=meeting.touched or touches))
    return touches


def hold(m: Moment) -> None:
    """Hold the qualify clock until the latest meeting that was booked starts."""
    hold_for_meetings(m, _latest_start(m))


def resume(m: Moment, by: str) -> None:
    """End the hold by an act and that for the meetings booked so far."""
    ended = {key: dataclasses.replace(one, resumed=True) for key, one in m.state.meetings.items()}
    m.change(meetings=ended)
    end_hold(m, "resume", by, meetings=True)


def _changed(meeting: MeetingState, event: Event) -> MeetingState:
    if event.type == CANCELLED:
        return dataclasses.replace(meeting, said=event.at, starts=None, resumed=False)
    starts: datetime | None
    try:
        starts = parse_instant(event.data.get("starts_at"))
    except ValueError:
        starts = meeting.starts  # nobody says when, so it is not moved
    moved = starts != meeting.starts
    return dataclasses.replace(
        meeting, said=event.at, starts=starts, resumed=meeting.resumed and not moved
    )


def join(m: Moment, others: Mapping[str, MeetingState]) -> None:
    """Join the meetings of a lead that is merged into this one; of one meeting the later word."""
    mine = m.state.meetings
    joined = dict(mine)
    for key, theirs in others.items():
        own = mine.get(key, theirs)
        latest = max(own, theirs, key=lambda one: one.said)
        joined[key] = dataclasses.replace(latest, touched=own.touched or theirs.touched)
    _keep(m, joined)


def _remember(m: Moment, key: str, meeting: MeetingState) -> None:
    _keep(m, {**m.state.meetings, key: meeting})


def _keep(m: Moment, meetings: dict[str, MeetingState]) -> None:
    if len(meetings) > MAX_MEETINGS:
        ordered = sorted(meetings.items(), key=lambda one: max(one[1].said, one[1].starts or m.at))
        meetings = dict(ordered[-MAX_MEETINGS:])
    m.change(meetings=meetings)


def _latest_start(m: Moment) -> datetime | None:
    if not m.state.meetings and m.state.handoff is not None:
        return m.state.handoff.meeting_until  # release 0.1 knew one meeting without an id
    return max(
        (
            one.starts
            for one in m.state.meetings.values()
            if one.starts is not None and one.starts > m.clock_at and not one.resumed
        ),
        default=None,
    )
