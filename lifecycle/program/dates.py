"""Dates as people and tools write them, as far as they have one reading."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH_OF = {
    name: number
    for number, month in enumerate(_MONTHS, 1)
    for name in (month, month[:3], *(["sept"] if month == "september" else []))
}
_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})[./](\d{1,2})[./](\d{1,2})")
_DAY_MONTH = re.compile(r"(\d{1,2})\.?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})")
_DAY_NUMBER = re.compile(r"[2-7]\d{4}")
_DAY_NUMBER_EPOCHS = (date(1899, 12, 30), date(1904, 1, 1))
"""The day 0 of spreadsheets on Windows, and of older ones on a Mac."""


def read_date(text: str) -> date:
    """The one date that a text means. Of an instant it is the day as written.

    Raises ValueError with the readings of a text that has several, else with the form to write.
    """
    found = sorted(set(_readings(text.strip())))
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"can mean {found[0]} or {found[-1]}; write the one that is meant")
    raise ValueError("is not a date; write one like 2026-03-02")


def _readings(text: str) -> list[date]:
    try:
        return [datetime.fromisoformat(text).date()]
    except ValueError:
        pass
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, match.groups())
        return _valid((year, month, day))
    if match := _NUMBERS.fullmatch(text):
        first, second = int(match[1]), int(match[3])
        if len(match[4]) == 4:
            year = int(match[4])
            return _valid((year, second, first), (year, first, second))
        last = int(match[4])
        pairs = ((second, first), (first, second))
        found = _valid(*((2000 + last, *pair) for pair in pairs), (2000 + first, second, last))
        return found if len(set(found)) > 1 else found + _valid(*((1900 + last, *p) for p in pairs))
    if match := _DAY_MONTH.fullmatch(text):
        return _named(match[3], match[2], match[1])
    if match := _MONTH_DAY.fullmatch(text):
        return _named(match[3], match[1], match[2])
    if _DAY_NUMBER.fullmatch(text):
        return [epoch + timedelta(days=int(text)) for epoch in _DAY_NUMBER_EPOCHS]
    return []


def _named(year: str, month: str, day: str) -> list[date]:
    number = _MONTH_OF.get(month.lower())
    return _valid((int(year), number, int(day))) if number is not None else []


def _valid(*orders: tuple[int, int, int]) -> list[date]:
    found = []
    for year, month, day in orders:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return found
