"""Instants and spans as people say them: `Thu 18:00 EST`, `2 h 10 min`."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_SOON = timedelta(days=6)
"""Within this the day of the week says it all."""


def spoken_instant(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """An instant in a time zone: the day of the week alone where it is near `now`."""
    local = at.astimezone(zone)
    if abs(at - now) < _SOON:
        return f"{local:%a %H:%M %Z}"
    year = f" {local:%Y}" if local.year != now.astimezone(zone).year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M %Z}"


def spoken_span(seconds: int, *, office: bool = False) -> str:
    """A span of at least zero seconds, in its two largest units; minutes are rounded down.

    Of `office` time no days are made: an office's day has not 24 hours.
    """
    minutes = seconds // 60
    days, hours = divmod(minutes // 60, 24) if not office else (0, minutes // 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min"
