"""Cron lines as Temporal Schedules take them: five fields, no seconds, no `@daily`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:\*|([a-z]+|\d{1,2})(?:-([a-z]+|\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


def check_cron(text: str) -> str | None:
    """A sentence that says what is wrong with a cron line; None if it is right."""
    fields = text.lower().split()
    if len(fields) != len(_FIELDS):
        count = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
        return (
            f"'{text}' has {count}, but a cron line has five: minute, hour, day of the"
            " month, month, day of the week; write one like '0 9 * * MON'"
        )
    for written, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for part in written.split(","):
            if not _fits(part, low, high, words):
                named = f" or {words[0]} to {words[-1]}" if words else ""
                return (
                    f"'{part}' is no {name}; write *, {low} to {high}{named},"
                    " a range like 1-5 or a step like */2"
                )
    return None


def never_fires(text: str) -> str | None:
    """A sentence about a right cron line whose days do not exist; None if there are such days."""
    _, _, days, months, weekdays = (_values(*one) for one in _written(text))
    if text.split()[4] != "*" or not weekdays:
        return None  # a day of the week comes in every month
    longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
    if any(min(days) <= longest.get(month, 31) for month in months):
        return None
    return (
        f"'{text}' never runs: no such month has a day {min(days)};"
        " write a day of the month that it has"
    )


def runs_too_often(text: str) -> str | None:
    """A sentence about a right cron line that probably runs too often; None if it does not."""
    minute, _, day, _, weekday = text.split()
    runs = len(next(_values(*one) for one in _written(text)))
    if runs > _MOST_RUNS_AN_HOUR:
        return (
            f"'{text}' runs {runs} times in an hour, because the minute is '{minute}';"
            " write one minute, like 0"
        )
    if "*" not in (day, weekday):
        return (
            f"'{text}' runs on each of these days of the month and also on each of these weekdays;"
            " write * for one of them"
        )
    return None


_MOST_RUNS_AN_HOUR = 4


def missing_hour(text: str, zone: ZoneInfo) -> str | None:
    """A sentence about a right cron line whose hour a change of clocks leaves out, or None.

    The years looked at are fixed, so that a program always gets the same warnings.
    """
    minutes, hours, days, months, weekdays = (_values(*one) for one in _written(text))
    either = "*" not in (text.split()[2], text.split()[4])
    for day, begin, end in _gaps(zone):
        on_day, on_weekday = day.day in days, day.isoweekday() % 7 in {one % 7 for one in weekdays}
        if day.month not in months or not (
            (on_day or on_weekday) if either else (on_day and on_weekday)
        ):
            continue
        times = [(hour, minute) for hour in hours for minute in minutes]
        left = [one for one in times if begin <= one[0] * 60 + one[1] < end]
        if left and not _near(times, begin, end):
            hour, minute = left[0]
            run = "does not run" if len(left) == len(times) else "leaves out a run"
            return (
                f"'{text}' {run} on days like {day}: the clocks of {zone.key} go forward"
                f" and {hour:02}:{minute:02} does not exist; write an hour from {-(-end // 60)} on"
            )
    return None


def _near(times: list[tuple[int, int]], begin: int, end: int) -> bool:
    """Whether there are runs within the hour before the gap and within the hour after it.

    Such a schedule runs every hour or so, and misses nothing by the gap.
    """
    minutes = [hour * 60 + minute for hour, minute in times]
    return any(begin - 60 <= one < begin for one in minutes) and any(
        end <= one < end + 60 for one in minutes
    )


_YEARS = range(2027, 2037)


@cache
def _gaps(zone: ZoneInfo) -> tuple[tuple[date, int, int], ...]:
    """The days on which clocks go forward, and the minutes of the day that do not exist.

    Kept, because looking at every hour of the years takes a second.
    """
    gaps: list[tuple[date, int, int]] = []
    for year in _YEARS:
        at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
        while at < end:
            before, after = (one.astimezone(zone).utcoffset() for one in (at, at + _HOUR))
            if before is not None and after is not None and after > before:
                local = (at + _HOUR).astimezone(zone)
                minute = local.hour * 60 + local.minute
                begin = minute - int((after - before).total_seconds()) // 60
                gaps.append((local.date(), begin, minute))
            at += _HOUR
    return tuple(gaps)


_HOUR = timedelta(hours=1)


def _written(text: str) -> Iterator[tuple[str, int, int, tuple[str, ...]]]:
    for field, (_, low, high, words) in zip(text.lower().split(), _FIELDS, strict=True):
        yield field, low, high, words


def _values(written: str, low: int, high: int, words: tuple[str, ...]) -> frozenset[int]:
    """The numbers that a field of a right cron line stands for."""
    found: set[int] = set()
    for part in written.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            continue
        first = 1 if low == 1 else 0
        begin = _number(match[1], words, first) if match[1] else low
        end = _number(match[2], words, first) if match[2] else (begin if match[1] else high)
        if match[1] and match[3] and not match[2]:
            end = high
        found.update(range(begin or 0, (end or 0) + 1, int(match[3] or 1)))
    return frozenset(found)


def _fits(part: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(part)
    if match is None or (match[3] is not None and int(match[3]) == 0):
        return False
    if match[1] is None:
        return True
    ends = [_number(word, words, 1 if low == 1 else 0) for word in match.group(1, 2) if word]
    if any(end is None or not low <= end <= high for end in ends):
        return False
    return len(ends) == 1 or (ends[0] or 0) <= (ends[1] or 0)


def _number(word: str, words: tuple[str, ...], first: int) -> int | None:
    if word.isdigit():
        return int(word)
    return words.index(word) + first if word in words else None
