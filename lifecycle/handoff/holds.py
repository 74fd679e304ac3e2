"""Holds: an act pauses all clocks of a handoff; a booked meeting pauses the qualify clock."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from lifecycle.handoff import clocks
from lifecycle.handoff.clock_settings import open_time_of
from lifecycle.moment import Moment
from models.state import ClockState, HandoffState


def paused_until(handoff: HandoffState, name: str = clocks.ACCEPT) -> datetime | None:
    """When the pause of this clock ends: of a hold, or of a meeting (the qualify clock only)."""
    ends = [handoff.held_until, handoff.meeting_until if name == clocks.QUALIFY else None]
    return max((end for end in ends if end is not None), default=None)


def _counting(handoff: HandoffState) -> list[str]:
    """The names of the clocks that count now."""
    return [name for name in unbreached(handoff) if paused_until(handoff, name) is None]


def unbreached(handoff: HandoffState) -> list[str]:
    """The names of the clocks that are not breached."""
    return [clock.name for clock in handoff.clocks if not clock.breached]


def _restart_clocks(m: Moment) -> None:
    """Count every clock up to now, and let it go on at the end of its hold."""
    handoff = m.state.handoff
    if handoff is None:
        return
    paused: list[ClockState] = []
    for clock in handoff.clocks:
        goes_on = max(paused_until(handoff, clock.name) or m.clock_at, m.clock_at)
        if goes_on == max(clock.since, m.clock_at):
            paused.append(clock)
        else:
            paused.append(clocks.hold(clock, open_time_of(m, clock), m.clock_at, goes_on))
    m.change(handoff=dataclasses.replace(handoff, clocks=tuple(paused)))


def hold(m: Moment, until: datetime, why: str, by: str) -> None:
    """Hold all clocks until then. A second hold can only lengthen the first."""
    handoff = m.state.handoff
    if handoff is None or (handoff.held_until is not None and until <= handoff.held_until):
        return
    since = handoff.held_since or m.clock_at
    m.change(handoff=dataclasses.replace(handoff, held_since=since, held_until=until))
    _restart_clocks(m)
    m.record("held", clocks=unbreached(handoff), until=until, why=why, by=by)


def held_seconds(handoff: HandoffState, until: datetime, at: datetime) -> int:
    """Elapsed seconds of all holds of this handoff, if the present one lasts until then."""
    since = handoff.held_since or at
    return handoff.held_seconds + round((until - since).total_seconds())


def end_hold(m: Moment, why: str, by: str | None = None) -> None:
    """End the hold now, if there is one. `why` is `until`, `resume` or `reassigned`."""
    handoff = m.state.handoff
    if handoff is None or handoff.held_since is None:
        return
    m.change(
        handoff=dataclasses.replace(
            handoff,
            held_since=None,
            held_until=None,
            held_seconds=_held_by_now(m, handoff),
        )
    )
    _restart_clocks(m)
    going = [] if m.state.handoff is None else _counting(m.state.handoff)
    m.record("resumed", clocks=going, until=m.at, why=why, by=by)


def _held_by_now(m: Moment, handoff: HandoffState) -> int:
    """Elapsed seconds of all holds of this handoff until now."""
    if handoff.held_since is None:
        return handoff.held_seconds
    return held_seconds(handoff, m.clock_at, m.clock_at)


def drop_hold(m: Moment) -> None:
    """End the hold of a handoff that ends: without an entry, but its length is kept."""
    handoff = m.state.handoff
    if handoff is not None:
        m.change(
            handoff=dataclasses.replace(
                handoff,
                held_since=None,
                held_until=None,
                held_seconds=_held_by_now(m, handoff),
                meeting_until=None,
            )
        )


def hold_for_meeting(m: Moment, starts: datetime) -> None:
    """Hold the qualify clock until a meeting starts, even if the clock starts later."""
    handoff = m.state.handoff
    if handoff is None or starts <= m.clock_at or starts <= (handoff.meeting_until or m.clock_at):
        return
    m.change(handoff=dataclasses.replace(handoff, meeting_until=starts))
    _restart_clocks(m)
    record_meeting_hold(m)


def record_meeting_hold(m: Moment) -> None:
    """Record that the qualify clock waits for a meeting, unless a hold is longer."""
    handoff = m.state.handoff
    if (
        handoff is None
        or handoff.meeting_until is None
        or clocks.QUALIFY not in unbreached(handoff)
    ):
        return
    if max(m.clock_at, handoff.held_until or m.clock_at) < handoff.meeting_until:
        m.record("held", clocks=[clocks.QUALIFY], until=handoff.meeting_until, why="meeting")


def end_meeting(m: Moment) -> None:
    """Let the qualify clock go on, because the meeting starts now."""
    handoff = m.state.handoff
    if handoff is None:
        return
    m.change(handoff=dataclasses.replace(handoff, meeting_until=None))
    if clocks.QUALIFY in unbreached(handoff) and handoff.held_until is None:
        m.record("resumed", clocks=[clocks.QUALIFY], until=m.at, why="meeting")
