"""Clocks: deadlines in counted time, with reminders.

A clock knows how much time was counted before `since`, and counts on from `since`. During a hold
`since` is the end of the hold, so the due instant is counted from there.
"""

from __future__ import annotations

import dataclasses
import math
from datetime import datetime
from typing import Final

from lifecycle.program.rulebook import OpenTime
from models.program.handoff import Clock
from models.state import ClockState

ACCEPT: Final = "accept"
FIRST_TOUCH: Final = "first_touch"
QUALIFY: Final = "qualify"


def start(
    name: str, clock: Clock, open_time: OpenTime, at: datetime, paused_until: datetime | None
) -> ClockState:
    """Start a clock at `at`. If it starts during a hold, it counts from the end of the hold."""
    due = open_time.due(at, clock.within)
    if clock.within.in_days:
        total = open_time.between(at, due)
    else:
        total = round(clock.within.elapsed.total_seconds())
    since = at if paused_until is None else max(at, paused_until)
    return ClockState(
        name=name,
        start=at,
        total=total,
        counted=0,
        since=since,
        when=clock.when,
        due=due if since == at else open_time.add(since, total),
        reminders=tuple(
            (str(share), math.ceil(total * share.value))
            for share in sorted(clock.remind_at, key=lambda share: share.value)
        ),
    )


def counted(clock: ClockState, open_time: OpenTime, at: datetime) -> int:
    """The open seconds counted until `at`. Holds do not count."""
    return clock.counted + (open_time.between(clock.since, at) if at > clock.since else 0)


def hold(clock: ClockState, open_time: OpenTime, at: datetime, until: datetime) -> ClockState:
    """Stop counting at `at`, and go on at `until`. It may be `at`, or earlier than before."""
    so_far = counted(clock, open_time, at)
    return dataclasses.replace(
        clock,
        counted=so_far,
        ran=(*clock.ran, (clock.since, at)) if at > clock.since else clock.ran,
        since=until,
        due=clock.due if clock.breached else open_time.add(until, clock.total - so_far),
    )


def reminder_due(clock: ClockState, open_time: OpenTime) -> datetime | None:
    """When the next reminder is due; None if there is none."""
    if not clock.reminders or clock.breached:
        return None
    return open_time.add(clock.since, clock.reminders[0][1] - clock.counted)
