"""A lead's own pauses: the person asked for no mail for a while, or is out of office.

The two are kept apart, each with its later end, and the running track goes on when both are over.
An out-of-office reply pauses until the day it names, or until the person does anything. A pause
that the person asked for ends early only when the person asks for mail again, which ends both.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from lifecycle.calendars.local_time import later, resolve
from lifecycle.moment import Moment
from models.durations import Duration
from models.inputs import Event
from models.instants import parse_instant

MAX_ABSENCE = Duration(90, "d")
"""The longest pause by an out-of-office reply, even if it names a later day."""
DEFAULT_DAYS = 30
MAX_DAYS = 365

Why = Literal["asked", "out_of_office"]


def paused_until(m: Moment) -> datetime | None:
    """When the last of the pauses ends; None if there is none now."""
    until = max(m.state.pauses.values(), default=None)
    return until if until is not None and until > m.at else None


def apply_event(m: Moment, event: Event, *, back: bool) -> None:
    """Begin, lengthen or end a pause by an event. `back`: it shows that the person is back."""
    if event.type == "email.resubscribed":
        end(m, "asked")
    if event.type == "email.resubscribed" or back:
        end(m, "out_of_office")
    if event.type == "email.paused":
        days = event.data.get("days", DEFAULT_DAYS)
        if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= MAX_DAYS:
            _pause(m, later(event.at, Duration(days, "d"), m.zone), "asked")


def apply_out_of_office(m: Moment, event: Event) -> None:
    """Pause until the day that an out-of-office reply names, if that day is in the future."""
    returns = _instant(m, event.data.get("returns"))
    if event.type == "email.replied" and returns is not None:
        _pause(m, min(returns, later(event.at, MAX_ABSENCE, m.zone)), "out_of_office")


def _pause(m: Moment, until: datetime, why: Why) -> None:
    current = m.state.pauses.get(why)
    if until <= m.at or (current is not None and current >= until):
        return
    m.change(pauses={**m.state.pauses, why: until})
    m.record("paused", until=until, why=why)


def end(m: Moment, why: str) -> None:
    """End the pause of this kind, if there is one. A mail that waits for its end is due now."""
    if why not in m.state.pauses:
        return
    m.change(pauses={kind: until for kind, until in m.state.pauses.items() if kind != why})
    m.record("unpaused", why=why)
    track = m.state.track
    if track is not None and track.paused:
        m.change(track=replace(track, until=paused_until(m) or m.at))


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
