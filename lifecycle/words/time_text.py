"""Instants and spans as text for people: `Thu 18:00 EST`, `2 h 10 min`."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_SOON = timedelta(days=6)
"""An instant nearer than this is written with the day of the week alone."""


def spoken_instant(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """An instant in a time zone, without a date if it is near `now`."""
    local = at.astimezone(zone)
    if abs(at - now) < _SOON:
        return f"{local:%a %H:%M %Z}"
    year = f" {local:%Y}" if local.year != now.astimezone(zone).year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M %Z}"


def spoken_span(seconds: int, *, office: bool = False) -> str:
    """A span of at least zero seconds in its two largest units. Minutes are rounded down.

    `office` time is written in hours, not days: an office day does not have 24 hours.
    """
    minutes = seconds // 60
    days, hours = divmod(minutes // 60, 24) if not office else (0, minutes // 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"
