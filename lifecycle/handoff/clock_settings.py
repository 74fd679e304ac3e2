"""Which clock of the program counts, and by which calendar (docs/language.md section 6).

A clock may be a list of clocks with `when`. The state of a running clock remembers the `when` of
the one that started, not its place: so it keeps its settings when others are added or removed.
"""

from __future__ import annotations

from lifecycle.handoff import clocks
from lifecycle.moment import Moment
from lifecycle.program.rulebook import OpenTime
from models.program.handoff import Clock
from models.state import ClockState, HandoffState


def clock_to_start(m: Moment, name: str) -> Clock | None:
    """The clock that would start now: the first whose `when` holds; None if none holds."""
    for when, clock in m.book.clocks.get(name, ()):
        if when is None or m.holds(when):
            return clock
    return None


def settings_of(m: Moment, running: ClockState) -> Clock | None:
    """The settings of a running clock; None if the program has no clock of its name.

    If the program has changed and has no clock with this `when` any more, it is the clock that
    would start now, else the last of the list.
    """
    listed = [clock for _, clock in m.book.clocks.get(running.name, ())]
    same = next((clock for clock in listed if clock.when == running.when), None)
    if same is not None or not listed:
        return same
    return clock_to_start(m, running.name) or listed[-1]


def settings(m: Moment, name: str) -> Clock | None:
    """The settings of the clock that runs or ran out; if there is none, of the one to start."""
    handoff = m.state.handoff
    for running in handoff.clocks if handoff is not None else ():
        if running.name == name:
            return settings_of(m, running)
    return clock_to_start(m, name)


def calendar_of(m: Moment, clock: Clock | None) -> str | None:
    """The calendar that a clock goes by: its own, else that of the handoff's route."""
    if clock is not None and clock.calendar is not None:
        return clock.calendar
    return _route_calendar(m)


def open_time_of(m: Moment, running: ClockState) -> OpenTime:
    """The time that counts for a running clock."""
    return m.book.open_time(calendar_of(m, settings_of(m, running)), m.zone)


def accept_calendar(m: Moment) -> str | None:
    """The accept calendar: what is not a clock but a matter of the team's hours goes by it."""
    return calendar_of(m, settings(m, clocks.ACCEPT))


def second_calendar(m: Moment, team: str, first: HandoffState | None) -> str | None:
    """The route calendar of a second handoff: of the first route that names its team.

    If no route names the team, it is the first handoff's.
    """
    for route in m.book.routes:
        if route.team == team:
            return route.calendar
    return None if first is None else first.calendar


def _route_calendar(m: Moment) -> str | None:
    handoff = m.state.handoff
    if handoff is None or handoff.calendar is None or handoff.calendar in m.book.calendars:
        return None if handoff is None else handoff.calendar
    # The program has changed and has no such calendar any more.
    return next((route.calendar for route in m.book.routes if route.team == handoff.team), None)
