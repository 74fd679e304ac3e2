"""Pauses of mail: the person is out of office, or asked for no mail for a while.

Until the pause ends, the running track waits, and nurture mail is deferred. An out-of-office reply
pauses until the day it names, or until the person does anything. A pause that the person asked
for also ends when the person asks for mail again.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from lifecycle.calendars.local_time import later, resolve
from lifecycle.moment import Moment
from models.durations import Duration
from models.inputs import Event
from models.instants import parse_instant

MAX_ABSENCE = timedelta(days=90)
"""The longest pause by an out-of-office reply, even if it names a later day."""
DEFAULT_DAYS = 30
MAX_DAYS = 365

Why = Literal["out_of_office", "asked"]


def paused_until(m: Moment) -> datetime | None:
    """When the pause ends; None if there is none now."""
    until = m.state.paused_until
    return until if until is not None and until > m.at else None


def apply_event(m: Moment, event: Event, *, human: bool) -> None:
    """Begin, lengthen or end the pause by an event. `human`: the event is human engagement."""
    if event.type == "email.paused":
        days = event.data.get("days", DEFAULT_DAYS)
        if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= MAX_DAYS:
            _pause(m, later(m.at, Duration(days, "d"), m.zone), "asked")
    elif event.type == "email.resubscribed" or (human and m.state.paused_why == "out_of_office"):
        _end(m, "resubscribed" if event.type == "email.resubscribed" else "human")


def apply_out_of_office(m: Moment, event: Event) -> None:
    """Pause until the day that an out-of-office reply names, if that day is in the future."""
    returns = _instant(m, event.data.get("returns"))
    if event.type == "email.replied" and returns is not None and returns > m.at:
        _pause(m, min(returns, m.at + MAX_ABSENCE), "out_of_office")


def _pause(m: Moment, until: datetime, why: Why) -> None:
    current = paused_until(m)
    if current is not None and current >= until:
        return
    m.change(paused_until=until, paused_why=why)
    m.record("paused", until=until, why=why)


def _end(m: Moment, why: str) -> None:
    if paused_until(m) is not None:
        m.record("unpaused", why=why)
    if m.state.paused_until is not None:
        m.change(paused_until=None, paused_why=None)


def _instant(m: Moment, text: Any) -> datetime | None:
    """The instant, or the start of the day in the lead's time zone; None if it is neither."""
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        day = None
    try:
        if day is not None:
            return resolve(datetime.combine(day, time()), m.zone).astimezone(UTC)
        return parse_instant(text)
    except (ValueError, OverflowError):
        return None
