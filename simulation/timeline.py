"""The timeline of a played scenario: its lines as JSON, and what was expected of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.decision import Entry
from models.instants import parse_instant, write_instant

TOLERANCE = 0.01
_ROUNDING = 1e-9
"""1.26 and 1.25 differ by 0.01, but not as floating-point numbers."""

TimelineLine = dict[str, Any]
"""`lead, seq, at, kind` and the entry's own fields, as JSON values."""


def line_of(lead: str, entry: Entry) -> TimelineLine:
    """One entry as an object."""
    return {
        "lead": lead,
        "seq": entry.seq,
        "at": write_instant(entry.at),
        "kind": entry.kind,
        **entry.fields,
    }


def in_order(lines: Iterable[TimelineLine]) -> list[TimelineLine]:
    """Sorted by instant, then lead, then number."""
    return sorted(lines, key=lambda line: (line["at"], line["lead"], line["seq"]))


def matches(pattern: Mapping[str, Any], line: Mapping[str, Any]) -> bool:
    """Whether every field of the pattern is in the line; numbers match to 0.01."""
    return all(_same(wanted, line.get(name)) for name, wanted in pattern.items())


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, bool) or wanted is None:
        # A flag that is absent is false, and null means absent.
        return (found is True) if wanted else (found is None or found is False)
    if isinstance(found, bool):
        return False
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(wanted - found) < TOLERANCE + _ROUNDING
    if wanted == found:
        return True
    if isinstance(wanted, str) and isinstance(found, str):
        return _instant(wanted) is not None and _instant(wanted) == _instant(found)
    if isinstance(wanted, list) and isinstance(found, list | tuple):
        return len(wanted) == len(found) and all(map(_same, wanted, found))
    return False


def _instant(text: str) -> datetime | None:
    if not text[:4].isdigit():
        return None
    try:
        return parse_instant(text)
    except ValueError:
        return None


def missed(expect: Sequence[Mapping[str, Any]], lines: Sequence[TimelineLine]) -> list[int]:
    """The places in `expect` that no line matches, each looked for after the one before it.

    A line that is not found is passed over, so that one difference is shown as one.
    """
    places, place = [], 0
    for number, pattern in enumerate(expect):
        found = next((n for n in range(place, len(lines)) if matches(pattern, lines[n])), None)
        if found is None:
            places.append(number)
        else:
            place = found + 1
    return places


def barred(
    never: Sequence[Mapping[str, Any]], lines: Sequence[TimelineLine]
) -> list[tuple[int, TimelineLine]]:
    """The places in `never` that some line matches, with the first such line."""
    found = []
    for number, pattern in enumerate(never):
        line = next((one for one in lines if matches(pattern, one)), None)
        if line is not None:
            found.append((number, line))
    return found
