"""Holds: an act pauses all clocks of a handoff; booked meetings pause the qualify clock."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

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
    _change_ends(m, held_until=until, meeting_until=handoff.meeting_until)
    m.record("held", clocks=unbreached(handoff), until=until, why=why, by=by)


def held_seconds(handoff: HandoffState, until: datetime, at: datetime) -> int:
    """Elapsed seconds of all holds of this handoff, if the present one lasts until then."""
    since = handoff.held_since or at
    return handoff.held_seconds + round((until - since).total_seconds())


def end_hold(m: Moment, why: str, by: str | None = None, *, meetings: bool = False) -> None:
    """End the hold by an act now, if there is one; with `meetings`, also that for meetings.

    `why` is `until`, `resume` or `reassigned`.
    """
    handoff = m.state.handoff
    if handoff is None or (handoff.held_until is None and not meetings):
        return
    _change_ends(m, held_until=None, meeting_until=None if meetings else handoff.meeting_until)
    going = [] if m.state.handoff is None else _counting(m.state.handoff)
    m.record("resumed", clocks=going, until=m.at, why=why, by=by)


def drop_hold(m: Moment) -> None:
    """End the holds of a handoff that ends: without an entry, but their length is kept."""
    _change_ends(m, held_until=None, meeting_until=None)


def hold_for_meetings(m: Moment, until: datetime | None) -> None:
    """Hold the qualify clock for meetings until then, as long as the program allows, or let it go.

    It records what changes for the clock: until when it is held now, or that it goes on.
    """
    handoff, rules = m.state.handoff, m.book.program.handoff
    if handoff is None or rules is None or clocks.QUALIFY not in unbreached(handoff):
        return
    before = paused_until(handoff, clocks.QUALIFY)
    left = rules.hold_at_most.elapsed - timedelta(seconds=handoff.held_seconds)
    ends = None if until is None else min(until, (handoff.held_since or m.clock_at) + left)
    _change_ends(
        m,
        held_until=handoff.held_until,
        meeting_until=ends if ends is not None and ends > m.clock_at else None,
    )
    after = None if m.state.handoff is None else paused_until(m.state.handoff, clocks.QUALIFY)
    if after == before:
        return
    if after is None:
        m.record("resumed", clocks=[clocks.QUALIFY], until=m.at, why="cancelled")
    else:
        m.record("held", clocks=[clocks.QUALIFY], until=after, why="meeting")


def end_meeting(m: Moment) -> None:
    """Let the qualify clock go on: the last meeting starts, or the program allows no more."""
    handoff = m.state.handoff
    if handoff is None:
        return
    _change_ends(m, held_until=handoff.held_until, meeting_until=None)
    if clocks.QUALIFY in unbreached(handoff) and handoff.held_until is None:
        m.record("resumed", clocks=[clocks.QUALIFY], until=m.at, why="meeting")


def _change_ends(m: Moment, *, held_until: datetime | None, meeting_until: datetime | None) -> None:
    """Change the ends of the holds. Time that is held twice counts once for `hold_at_most`."""
    handoff = m.state.handoff
    if handoff is None:
        return
    since, held = handoff.held_since, handoff.held_seconds
    if held_until is not None or meeting_until is not None:
        since = since or m.clock_at
    elif since is not None:
        since, held = None, held_seconds(handoff, m.clock_at, m.clock_at)
    m.change(
        handoff=dataclasses.replace(
            handoff,
            held_since=since,
            held_until=held_until,
            held_seconds=held,
            meeting_until=meeting_until,
        )
    )
    _restart_clocks(m)
