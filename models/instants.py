"""Instants: always aware, in UTC and whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema


def whole_second(at: datetime) -> datetime:
    """The instant in UTC without its fraction. Raises ValueError for a naive one."""
    if at.tzinfo is UTC and not at.microsecond:
        return at
    if at.tzinfo is None:
        raise ValueError(
            f"'{at.isoformat()}' has no time zone; write one like {at.isoformat()}Z"
            f" or {at.isoformat()}-05:00"
        )
    return at.astimezone(UTC).replace(microsecond=0)


def parse_instant(text: object) -> datetime:
    """Read any ISO 8601 form that names its offset. Raises ValueError with the remedy."""
    if isinstance(text, datetime):
        return whole_second(text)
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not an instant; write one like 2026-03-02T09:00:00-05:00")
    try:
        at = datetime.fromisoformat(text.strip())
        return whole_second(at)
    except OverflowError:
        raise ValueError(f"'{text}' lies outside the calendar; years go from 1 to 9999") from None
    except ValueError as error:
        if "no time zone" in str(error):
            raise
        raise ValueError(
            f"'{text}' is not an instant; write one like 2026-03-02T09:00:00-05:00"
        ) from None


def write_instant(at: datetime) -> str:
    """The instant as `2026-03-02T14:00:00Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
