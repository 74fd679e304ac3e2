"""A lead's profile: built-in fields and the program's own fields, coerced when they are read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email

from lifecycle.calendars.local_time import zone
from lifecycle.program.countries import country_code
from lifecycle.program.dates import read_date
from lifecycle.program.numbers import plain_number, shortened
from models.program.program import Program
from models.program.values import BUILT_IN_FIELDS, FieldType

_LINE_BREAK = re.compile(r"\r\n|[\r\n\t\x85\u2028\u2029]")
_LONGEST = 1_000
_MAX_SHOWN = 60
_LARGEST = 2**53
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """The values that could be read, and a sentence for each field that could not be read."""

    values: dict[str, Any]
    cleared: frozenset[str]
    """Fields given as null or empty text. They become absent."""
    problems: dict[str, str]


def field_types(program: Program) -> dict[str, FieldType]:
    """All fields a lead of this program can have."""
    return BUILT_IN_FIELDS | program.fields


def read_profile(raw: Mapping[str, Any], program: Program) -> ReadProfile:
    """Coerce the values of a profile by the types of their fields.

    An unknown field, or a value that can't be coerced, is left out and is a problem. Null and empty
    text mean that the field becomes absent. An unknown time zone is kept, and the program's is used
    instead: see `zone_problem`.
    """
    types = field_types(program)
    values: dict[str, Any] = {}
    cleared: set[str] = set()
    problems: dict[str, str] = {}
    for name, value in raw.items():
        kind = types.get(name)
        if kind is None:
            shown = _shown(name)
            problems[name] = f"{shown} is not a field; the program declares its own under fields"
        elif value is None or (isinstance(value, str) and not value.strip()):
            if name == "email":
                problems[name] = "email can't be empty"
            else:
                cleared.add(name)
        else:
            try:
                values[name] = _coerced(name, kind, value)
            except ValueError as error:
                problems[name] = str(error)
    return ReadProfile(values, frozenset(cleared), problems)


def read_address(value: object) -> str:
    """An e-mail address as it is stored. Raises ValueError with the reason."""
    return _text("email", value)


def _shown(value: object) -> str:
    """A value from outside for a sentence: quoted, escaped, and not too long."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _coerced(name: str, kind: FieldType, value: Any) -> Any:
    if kind == "number":
        return _number(name, value)
    if kind == "flag":
        return _flag(name, value)
    if kind == "date":
        return _date(name, value)
    return _text(name, value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} is text, not {_shown(value)}")
    try:
        text = _LINE_BREAK.sub(" ", str(value))
        text.encode()
    except ValueError:
        raise ValueError(f"{name} {_shown(value)} is not text that can be written") from None
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        raise ValueError(f"{name} {_shown(value)} is not text that can be written")
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueError(f"{name} is longer than {_LONGEST} characters")
    if name == "email":
        return _address(text)
    if name == "phone" and (possible := shortened(text)) is not None:
        raise ValueError(
            f"phone {_shown(text)} was shortened by a spreadsheet: it can be any number from"
            f" {possible[0]} to {possible[1]}; export it as text"
        )
    if name == "country":
        code = country_code(text)
        if code is None:
            raise ValueError(
                f"country {_shown(text)} is not an ISO 3166 code; write one like US or DE"
            )
        return code
    return text


def _address(text: str) -> str:
    try:
        # Rehearsals and demonstrations use reserved domains like .example and .test.
        checked = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        said = str(error).rstrip(".")
        raise ValueError(f"email {_shown(text)} is not an address: {said}") from None
    return checked.normalized


def _number(name: str, value: Any) -> int | float:
    if isinstance(value, bool):
        raise ValueError(f"{name} is a number, not {str(value).lower()}")
    given = value
    if isinstance(value, str):
        try:
            given = plain_number(value)
        except ValueError as error:
            raise ValueError(f"{name} {_shown(value)} {error}") from None
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} {_shown(value)} is not a number; write digits like 250") from None
    if not abs(number) <= _LARGEST:
        raise ValueError(f"{name} {_shown(value)} is not a number that can be counted with")
    if name == "employees" and not (number >= 0 and number.is_integer()):
        raise ValueError(f"employees {_shown(value)} is not a whole number of 0 or more")
    if name == "employees":
        return int(number)
    if isinstance(value, int):
        return value
    if isinstance(given, str) and re.fullmatch(r"[+-]?\d+", given):
        return int(given)
    return number


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = _FLAGS.get(str(value).strip().lower())
    if known is None:
        raise ValueError(f"{name} {_shown(value)} is not a flag; write true or false")
    return known


def _date(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return read_date(str(value)).isoformat()
    except ValueError as error:
        raise ValueError(f"{name} {_shown(value)} {error}") from None


def zone_problem(profile: Mapping[str, Any], program: Program) -> str | None:
    """A sentence that names the time zone used instead of an unknown one; None if it is known."""
    name = profile.get("timezone")
    if name is None:
        return None
    try:
        zone(name)
    except ValueError:
        return f"time zone {_shown(name)} is not known; {program.timezone} is used"
    return None


def lead_zone(profile: Mapping[str, Any], program: Program) -> ZoneInfo:
    """The time zone of a lead: its own if it is known, else the program's."""
    try:
        return zone(profile["timezone"])
    except (KeyError, ValueError):
        return zone(program.timezone)
