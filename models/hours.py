"""Opening hours as people write them: `mon-thu`, `09:00-12:30`, `22:00-06:00`, `18:00-24:00`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Weekday names; a day's place is its `date.weekday()`."""

_BLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class TimeBlock:
    """Minutes since local midnight; `end` beyond 1,440 lies on the following day."""

    start: int
    end: int

    def __str__(self) -> str:
        end = self.end if self.end <= _DAY_MINUTES else self.end - _DAY_MINUTES
        return f"{self.start // 60:02}:{self.start % 60:02}-{end // 60:02}:{end % 60:02}"


def parse_block(text: object) -> TimeBlock:
    """Read `09:00-12:30`. A block whose end is not after its start crosses midnight.

    Raises ValueError for times that do not exist and for equal ends.
    """
    if isinstance(text, TimeBlock):
        return text
    if text is None:
        raise ValueError(
            "no hours stand here; write a block of time like 09:00-12:30. In { } a comma begins"
            ' another key, so several days go in quotes, like {"mon,tue": 09:00-17:00}'
        )
    match = _BLOCK.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is not a block of time; write one like 09:00-12:30")
    hours_from, minutes_from, hours_to, minutes_to = (int(part) for part in match.groups())
    start, end = hours_from * 60 + minutes_from, hours_to * 60 + minutes_to
    if minutes_from > 59 or minutes_to > 59 or start >= _DAY_MINUTES or end > _DAY_MINUTES:
        raise ValueError(f"'{text}' names a time that does not exist; a day is 00:00 to 24:00")
    if start == end:
        raise ValueError(f"'{text}' has equal ends; for a whole day write 00:00-24:00")
    return TimeBlock(start, end if end > start else end + _DAY_MINUTES)


def parse_days(text: object) -> frozenset[int]:
    """Read `mon`, `mon-fri`, `fri-mon` or `mon, wed` as `date.weekday()` numbers."""
    if isinstance(text, frozenset):
        return text
    if isinstance(text, (list, tuple)):
        if not text:
            raise ValueError("no day at all; name at least one, like mon or mon-fri")
        return frozenset().union(*(parse_days(one) for one in text))
    days: set[int] = set()
    for part in str(text).lower().split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError(
                f"'{text}' is not a weekday or a range; write one like mon or mon-fri"
                f" ({', '.join(WEEKDAYS)})"
            )
        start = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - start) % 7 if last else 0
        days.update((start + n) % 7 for n in range(length + 1))
    return frozenset(days)


def write_days(days: Iterable[int]) -> str:
    """The weekdays as text that `parse_days` reads back."""
    return ",".join(WEEKDAYS[day] for day in sorted(days))


def parse_week(hours: object) -> tuple[tuple[TimeBlock, ...], ...]:
    """Read hours per weekday or range; seven tuples, Monday first.

    Raises ValueError, also where no hour is open at all.
    """
    if isinstance(hours, tuple):
        return hours
    if not isinstance(hours, Mapping):
        raise ValueError('hours are written per weekday, like {mon-fri: ["09:00-17:00"]}')
    week: list[list[TimeBlock]] = [[] for _ in WEEKDAYS]
    for days, blocks in hours.items():
        written = blocks if isinstance(blocks, (list, tuple)) else [blocks]
        for day in parse_days(days):
            week[day].extend(parse_block(block) for block in written)
    if not any(week):
        raise ValueError(
            'a calendar with no open hour; give at least one, like {mon: ["09:00-17:00"]}'
        )
    return tuple(tuple(sorted(blocks)) for blocks in week)


def write_week(week: tuple[tuple[TimeBlock, ...], ...]) -> dict[str, list[str]]:
    """The week as text that `parse_week` reads back."""
    return {
        name: [str(block) for block in blocks]
        for name, blocks in zip(WEEKDAYS, week, strict=True)
        if blocks
    }


def parse_day(text: object) -> date:
    """Read a date, `2026-12-24`. Raises ValueError with the remedy."""
    if isinstance(text, date) and not isinstance(text, datetime):
        return text
    try:
        if isinstance(text, str) and _DAY.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"'{text}' is not a day of the calendar") from None
    raise ValueError(f"'{text}' is not a date; write one like 2026-12-24")


def parse_time(text: object) -> time:
    """Read a local time of day, `09:00`. Raises ValueError with the remedy."""
    if isinstance(text, time):
        return text
    match = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is not a time of day; write one like 09:00")
    hour, minute = int(match[1]), int(match[2])
    if hour > 23 or minute > 59:
        raise ValueError(f"'{text}' is a time that no day has; write 00:00 to 23:59")
    return time(hour, minute)


_DAYS_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "examples": ["mon-fri"],
}
_BLOCK_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\d{1,2}:\d{2}\s*-\s*\d{1,2}:\d{2}$",
    "examples": ["09:00-17:00"],
}

DayField = Annotated[
    date, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})
]
TimeField = Annotated[
    time,
    BeforeValidator(parse_time),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,2}:\d{2}$", "examples": ["09:00"]}),
]
DaysField = Annotated[
    frozenset[int],
    BeforeValidator(parse_days),
    PlainSerializer(write_days, return_type=str),
    WithJsonSchema(_DAYS_SCHEMA),
]
TimeBlockField = Annotated[
    TimeBlock,
    BeforeValidator(parse_block),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(_BLOCK_SCHEMA),
]
BlocksField = Annotated[
    tuple[tuple[TimeBlock, ...], ...],
    BeforeValidator(parse_week),
    PlainSerializer(write_week, return_type=dict[str, list[str]]),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [_BLOCK_SCHEMA, {"type": "array", "items": _BLOCK_SCHEMA}]
            },
            "examples": [{"mon-fri": ["09:00-12:30", "13:30-18:00"]}],
        }
    ),
]
