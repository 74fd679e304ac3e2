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
from lifecycle.handoff.holds import clock_of
from lifecycle.moment import Moment
from lifecycle.program.rulebook import OpenTime
from models.program.handoff import Clock
from models.state import ClockState

_SECOND = timedelta(seconds=1)


def follow_clocks(m: Moment) -> None:
    """Recompute the running clocks by the new version. What was breached stays breached."""
    handoff = m.state.handoff
    if handoff is None:
        return
    kept = [_followed(m, clock) for clock in handoff.clocks]
    running = tuple(one for one in kept if one is not None)
    m.change(handoff=dataclasses.replace(handoff, clocks=running))


def _followed(m: Moment, clock: ClockState) -> ClockState | None:
    """The clock by the new version; None if it ends."""
    rules = clock_of(m, clock.name)
    open_time = m.book.open_time(rules, m.zone)
    if clock.breached:
        # An acceptance is counted by the calendar of the version that takes it in.
        return dataclasses.replace(clock, counted=_before(clock, open_time, clock.since))
    return None if rules is None else _recomputed(clock, rules, open_time, m)


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
