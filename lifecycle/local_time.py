"""Local time: what a lead's or an office's wall clock says, as instants.

A local time that does not exist is taken with the offset before the gap; of one that
exists twice, the first is meant (as a closing, the second).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from models.durations import Duration
from models.hours import TimeBlock
from models.instants import whole_second
from models.program import SendWindow

FOREVER = datetime(9999, 12, 30, tzinfo=UTC)
"""What lies beyond every calendar: the instant of what never comes."""

_REACH = 21
"""Days in which a window opens, if it ever does: a gap can swallow one week's opening."""


@cache
def _names() -> dict[str, str]:
    known = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in known if name != "Factory"}


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ValueError with the nearest names.

    The names are those of the tzdata package, not the files of this machine
    (`localtime`, paths), so that a program means the same everywhere.
    """
    names = _names()
    if names.get(name.lower()) != name:
        near = get_close_matches(name.lower(), names, n=3)
        hint = f"; did you mean {' or '.join(names[one] for one in near)}?" if near else ""
        raise ValueError(
            f"'{name}' is not a time zone; write an IANA name like Europe/Berlin{hint}"
        )
    return ZoneInfo(name)


def resolve(local: datetime, tz: ZoneInfo, *, closing: bool = False) -> datetime:
    """The instant (UTC) of a naive local time. Raises OverflowError outside years 1 to 9999."""
    # Python's fold=0 is the first of two and, in a gap, the offset before it.
    first = local.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if not closing:
        return first
    # fold=1 is the second of two, but in a gap the offset after it, which is the earlier.
    return max(first, local.replace(tzinfo=tz, fold=1).astimezone(UTC))


def later(at: datetime, duration: Duration, tz: ZoneInfo) -> datetime:
    """`at` plus elapsed time (`m`, `h`) or calendar days in `tz` (`d`, `w`), as UTC.

    Days keep the local time of day. Past the year 9999 it is FOREVER.
    """
    start = whole_second(at)
    if duration.amount == 0:
        return start  # the second of two equal local times stays where it is
    try:
        if not duration.in_days:
            return start + duration.elapsed
        local = start.astimezone(tz).replace(tzinfo=None)
        return resolve(local + timedelta(days=duration.days), tz)
    except OverflowError:
        return FOREVER


@lru_cache(maxsize=4096)
def block_span(day: date, block: TimeBlock, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """When a block that begins on `day` opens and closes.

    Where a gap swallows it, the closing is not after the opening: it does not open.
    """
    midnight = datetime.combine(day, time())
    return (
        resolve(midnight + timedelta(minutes=block.start), tz),
        resolve(midnight + timedelta(minutes=block.end), tz, closing=True),
    )


def window_opening(window: SendWindow, at: datetime, tz: ZoneInfo) -> datetime:
    """`at` itself inside the window, else the window's next opening, as UTC.

    The start is inside, the end is not; a window across midnight belongs to the day it
    began. A window that never opens (or not before the year 9999) opens FOREVER hence.
    """
    start = whole_second(at)
    try:
        today = start.astimezone(tz).date()
        # A block lasts a day at most; where a whole local day is skipped, it begins two
        # dates back. Where clocks fall back over midnight, tomorrow's may have begun.
        spans = [
            block_span(day, window.hours, tz)
            for day in (today + timedelta(days=n) for n in range(-2, _REACH))
            if day.weekday() in window.days
        ]
    except OverflowError:
        return FOREVER
    if any(opening <= start < closing for opening, closing in spans):
        return start
    ahead = (opening for opening, closing in spans if start < opening < closing)
    return min(ahead, default=FOREVER)
