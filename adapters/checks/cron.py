"""Cron lines as Temporal Schedules take them: five fields, no seconds, no `@daily`."""

from __future__ import annotations

import re

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
