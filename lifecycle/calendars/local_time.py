"""Local time of a lead or an office, as instants.

A local time that does not exist is read with the offset before the gap. Of a local time that
exists twice, the first is taken (as a closing, the second).
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
from models.program.sending import SendWindow

FOREVER = datetime(9999, 12, 30, tzinfo=UTC)
"""An instant later than all others: it means never."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where seconds are counted from."""

_REACH = 21
"""A window that opens at all opens within these days: a gap can remove one week's opening."""

_SHORTEST_HINTED = 6
"""Letters. Shorter names are abbreviations, of which each is near to many."""

_MIDDLE_YEAR = 5000
_EPOCH_DAY = EPOCH.toordinal()
_DAY_MINUTES = 24 * 60
# Every minute of a day, made once. The second of two equal local times has fold=1.
_FIRST = tuple(time(minute // 60, minute % 60) for minute in range(_DAY_MINUTES))
_SECOND = tuple(one.replace(fold=1) for one in _FIRST)


@cache
def _names() -> dict[str, str]:
    known = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in known if name != "Factory"}


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises ValueError with the nearest names.

    The names are those of the tzdata package, not of this machine's files, so that a program means
    the same on every machine.
    """
    names = _names()
    if names.get(name.lower()) != name:
        near = _near(name.strip().lower())
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(
            f"'{name}' is not a time zone; write an IANA name like Europe/Berlin{hint}"
        )
    return ZoneInfo(name)


def _near(text: str) -> list[str]:
    """The names that may be meant by a city or a slip of the pen.

    Nothing for offsets and abbreviations: GMT+1 is not Etc/GMT+1, and PST is not MST.
    """
    names = _names()
    city = text.replace(" ", "_")
    cities = [one for one in names if not one.startswith("etc/")]
    if found := [names[one] for one in cities if one == city or one.rpartition("/")[2] == city]:
        return found[:3]
    if len(text) < _SHORTEST_HINTED or not text.replace("/", "").replace("_", "").isalpha():
        return []
    regions = [one for one in cities if "/" in one]
    return [names[one] for one in get_close_matches(text, regions, n=1, cutoff=0.8)]


def zone_written(text: str) -> str | None:
    """The IANA name that this is, in any case and with blanks or with HubSpot's `_slash_`."""
    return _names().get(text.strip().lower().replace("_slash_", "/").replace(" ", "_"))


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
        # Python adds to the wall clock and takes fold=0, which is what `resolve` does.
        return (start.astimezone(tz) + timedelta(days=duration.days)).astimezone(UTC)
    except OverflowError:
        return FOREVER


def prolonged(at: datetime, seconds: int) -> datetime:
    """`at` plus elapsed seconds. Past the year 9999 it is FOREVER."""
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return FOREVER


def _second_of(day: int, minute: int, clock: tuple[time, ...], tz: ZoneInfo) -> int:
    more, minute = divmod(minute, _DAY_MINUTES)
    local = datetime.combine(date.fromordinal(day + more), clock[minute])
    offset = tz.utcoffset(local)
    since = 0 if offset is None else offset.days * 86_400 + offset.seconds
    return (day + more - _EPOCH_DAY) * 86_400 + minute * 60 - since


def block_span(day: int, block: TimeBlock, tz: ZoneInfo) -> tuple[int, int]:
    """When a block that begins on `day` (a proleptic ordinal) opens and closes.

    Both in seconds since 1970. The result equals that of `resolve`, in cheaper steps, because
    calendars need thousands of spans. If a gap removes the whole block, the closing is not after
    the opening, and the block does not open.
    """
    opening = _second_of(day, block.start, _FIRST, tz)
    first = _second_of(day, block.end, _FIRST, tz)
    second = _second_of(day, block.end, _SECOND, tz)
    return opening, max(first, second)


def date_instant(day: date, days: int, at: time, tz: ZoneInfo) -> datetime | None:
    """The local time `at` of the day that is `days` after `day`, as UTC.

    FOREVER if that is after the year 9999, None if it is before the year 1.
    """
    try:
        return resolve(datetime.combine(day + timedelta(days=days), at), tz)
    except OverflowError:
        return FOREVER if day.year > _MIDDLE_YEAR else None


@lru_cache(maxsize=4096)
def _window_spans(
    weekdays: frozenset[int], hours: TimeBlock, closed: frozenset[date], today: date, tz: ZoneInfo
) -> tuple[tuple[datetime, datetime], ...]:
    # A block lasts a day at most. If a whole local day is skipped, it began two dates before.
    # Where clocks go back over midnight, tomorrow's block may have begun today.
    days = (date.fromordinal(today.toordinal() + n) for n in range(-2, _REACH))
    spans = (
        block_span(day.toordinal(), hours, tz)
        for day in days
        if day.weekday() in weekdays and day not in closed
    )
    return tuple(
        (EPOCH + timedelta(seconds=opening), EPOCH + timedelta(seconds=closing))
        for opening, closing in spans
    )


def window_opening(window: SendWindow, at: datetime, tz: ZoneInfo) -> datetime:
    """`at` if it is inside the window, else the next opening of the window, as UTC.

    The start is inside, the end is not. A window across midnight belongs to the day on which it
    began, and does not open if that is a holiday. The result is FOREVER if the window never opens,
    or not before the year 9999.
    """
    start = whole_second(at)
    last_closed = max(window.closed, default=date.min)
    try:
        day = start.astimezone(tz).date()
        while True:
            spans = _window_spans(window.days, window.hours, window.closed, day, tz)
            if any(opening <= start < closing for opening, closing in spans):
                return start
            ahead = [opening for opening, closing in spans if start < opening < closing]
            if ahead:
                return min(ahead)
            if day > last_closed:
                return FOREVER
            day += timedelta(days=_REACH)
    except (OverflowError, ValueError):  # beyond the year 9999, or before the year 1
        return FOREVER
