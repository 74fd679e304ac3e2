"""The running clocks of a lead that changes its version (docs/language.md section 11).

A longer rule gives more time. A shorter one takes some, but leaves a whole new `within` from the
change on, unless the old rule left less. An unchanged rule changes nothing, and no change
breaches anybody at once.
"""

from __future__ import annotations

import dataclasses
import math
from datetime import datetime, timedelta

from lifecycle.handoff import clocks
from lifecycle.handoff.clock_settings import calendar_of, clock_to_start, settings_of
from lifecycle.moment import Moment
from lifecycle.program.rulebook import OpenTime, Rulebook
from models.program.handoff import Clock
from models.state import ClockState, HandoffState

_SECOND = timedelta(seconds=1)


def follow_clocks(m: Moment, old: Rulebook) -> None:
    """Recompute the running clocks by the new version. What was breached stays breached."""
    handoff = m.state.handoff
    if handoff is None:
        return
    if _routing(m.book) != _routing(old):
        handoff = dataclasses.replace(handoff, calendar=_route_calendar(m, handoff))
        m.change(handoff=handoff)
    kept = [_followed(m, old, clock) for clock in handoff.clocks]
    running = tuple(one for one in kept if one is not None)
    m.change(handoff=dataclasses.replace(handoff, clocks=running))


def _routing(book: Rulebook) -> object:
    return book.program.handoff.routing if book.program.handoff is not None else ()


def _route_calendar(m: Moment, handoff: HandoffState) -> str | None:
    """The calendar of the first route of the handoff's team that holds, else of its first."""
    routes = [route for route in m.book.routes if route.team == handoff.team]
    holding = [route for route in routes if route.when is None or m.holds(route.when)]
    first = next(iter(holding or routes), None)
    if first is not None:
        return first.calendar
    return handoff.calendar if handoff.calendar in m.book.calendars else None


def _followed(m: Moment, old: Rulebook, clock: ClockState) -> ClockState | None:
    """The clock by the new version; None if it ends."""
    if _written(m.book, clock.name) == _written(old, clock.name):
        rules = settings_of(m, clock)
    else:
        rules = clock_to_start(m, clock.name)
    if clock.breached:
        return _recounted(m, clock, rules)
    if rules is None:
        return None
    return _recomputed(clock, rules, _open_time(m, rules), m)


def _written(book: Rulebook, name: str) -> object:
    return [clock for _, clock in book.clocks.get(name, ())]


def _open_time(m: Moment, rules: Clock | None) -> OpenTime:
    return m.book.open_time(calendar_of(m, rules), m.zone)


def _recounted(m: Moment, clock: ClockState, rules: Clock | None) -> ClockState:
    """A breached clock. An acceptance is counted by the calendar of the version that takes it."""
    when = rules.when if rules is not None else clock.when
    return dataclasses.replace(
        clock, when=when, counted=_before(clock, _open_time(m, rules), clock.since)
    )


def _recomputed(clock: ClockState, rules: Clock, open_time: OpenTime, m: Moment) -> ClockState:
    now = m.at
    counted = _before(clock, open_time, now)
    goes_on = max(now, clock.since)
    total = _total(clock, rules, open_time)
    left_old = open_time.between(goes_on, clock.due)
    left = max(total - counted, min(left_old, total))
    ran = (*clock.ran, (clock.since, now)) if now > clock.since else clock.ran
    due = clock.due if left == left_old else open_time.add(goes_on, left)
    reminders = [
        (str(share), math.ceil((counted + left) * share.value))
        for share in sorted(rules.remind_at, key=lambda share: share.value)
    ]
    # A reminder whose instant is this one is still to come.
    just_counted = goes_on == now and open_time.between(now - _SECOND, now) > 0
    least = counted if just_counted and counted else counted + 1
    return dataclasses.replace(
        clock,
        total=counted + left,
        counted=counted,
        since=goes_on,
        due=due,
        reminders=tuple(
            (share, at) for share, at in reminders if at >= least and share not in clock.reminded
        ),
        ran=ran,
        when=rules.when,
    )


def _before(clock: ClockState, open_time: OpenTime, now: datetime) -> int:
    """The open seconds counted until now, by this calendar."""
    if clock.counted and not clock.ran:
        return clocks.counted(clock, open_time, now)  # release 0.1 did not keep the stretches
    past = sum(open_time.between(since, until) for since, until in clock.ran)
    return past + (open_time.between(clock.since, now) if now > clock.since else 0)


def _total(clock: ClockState, rules: Clock, open_time: OpenTime) -> int:
    if rules.within.in_days:
        return open_time.between(clock.start, open_time.due(clock.start, rules.within))
    return round(rules.within.elapsed.total_seconds())
