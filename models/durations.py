"""Lengths of time as marketing writes them: `30m`, `4h`, `3d`, `2w`, `50%`, `3 per 7d`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

Unit = Literal["m", "h", "d", "w"]

_ONE = re.compile(r"(\d+)\s*([mhdw])", re.ASCII)
_SHARE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*%", re.ASCII)
_PER = re.compile(r"(\d{1,9})\s+per\s+(\d+\s*[mhdw])", re.ASCII)
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MAX_DAYS = 36_525
"""A century. Longer times could leave the calendar, which ends with the year 9999."""


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of one unit. `m` and `h` are elapsed time; `d` and `w` are calendar days."""

    amount: int
    unit: Unit

    @property
    def in_days(self) -> bool:
        """Whether this is a number of calendar days, not of elapsed seconds."""
        return self.unit in ("d", "w")

    @property
    def days(self) -> int:
        """The number of calendar days; only for `d` and `w`."""
        return self.amount * (7 if self.unit == "w" else 1)

    @property
    def elapsed(self) -> timedelta:
        """The elapsed length with days of 24 hours (half-lives, scenarios, `hold_at_most`)."""
        return timedelta(seconds=self.amount * _SECONDS[self.unit])

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


def parse_duration(text: object) -> Duration:
    """Read one amount and unit. Raises ValueError with the remedy."""
    if isinstance(text, Duration):
        return text
    match = _ONE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is not a length of time; write one like 30m, 4h, 3d or 2w")
    unit: Unit = match[2]  # type: ignore[assignment]  # the pattern admits only the four units
    most = _MAX_DAYS * _SECONDS["d"] // _SECONDS[unit]
    if len(match[1]) > 12 or int(match[1]) > most:
        raise ValueError(f"'{text}' is longer than a century; write at most {most}{unit}")
    return Duration(int(match[1]), unit)


def parse_elapsed(text: str) -> timedelta:
    """Read `3d 2h`, a sum of lengths in which a day is 24 hours. Raises ValueError."""
    stripped = text.strip()
    if not re.fullmatch(r"(?:\d+\s*[mhdw]\s*)+", stripped):
        raise ValueError(f"'{text}' is not an elapsed time; write one like 30m, 4h or 3d 2h")
    return timedelta(seconds=sum(int(n) * _SECONDS[u] for n, u in _ONE.findall(stripped)))


@dataclass(frozen=True, slots=True)
class Share:
    """An exact share between 0 and 1, written as a percentage."""

    value: Fraction

    def __str__(self) -> str:
        percent = self.value * 100
        exact = Decimal(percent.numerator) / Decimal(percent.denominator)
        return f"{exact.normalize():f}%"


def parse_share(text: object) -> Share:
    """Read `50%`. Raises ValueError outside 0 to 100 %."""
    if isinstance(text, Share):
        return text
    match = _SHARE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        meant = isinstance(text, float) and 0 < text < 1
        remedy = f"say {float(str(text)) * 100:.9g}%" if meant else "write a percentage like 50%"
        raise ValueError(f"'{text}' is not a share; {remedy}")
    value = Fraction(match[1]) / 100
    if value > 1:
        raise ValueError(f"'{text}' is more than 100%; a share lies between 0% and 100%")
    return Share(value)


@dataclass(frozen=True, slots=True)
class Rate:
    """A number in a rolling window: a frequency cap, or a cap on a rule's points."""

    most: int
    per: Duration | None

    def __str__(self) -> str:
        return str(self.most) if self.per is None else f"{self.most} per {self.per}"


def parse_cap(text: object) -> Rate:
    """Read `3 per 7d`, a frequency cap on mail. Raises ValueError."""
    if isinstance(text, Rate):
        return text
    match = _PER.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is not a cap; write one like 1 per 1d or 3 per 7d")
    rate = Rate(int(match[1]), parse_duration(match[2]))
    if rate.most == 0:
        raise ValueError(f"'{text}' can never allow a send; allow at least 1")
    if rate.per is not None and rate.per.amount == 0:
        raise ValueError(f"'{text}' has an empty window; make it at least 1m")
    return rate


def parse_at_most(text: object) -> Rate:
    """Read `20` (a whole cycle) or `20 per 7d` (a rolling window). Raises ValueError."""
    if isinstance(text, Rate):
        return text
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return Rate(text, None)
    if isinstance(text, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        return Rate(int(text), None)
    match = _PER.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is not a cap on points; write 20 or 20 per 7d")
    rate = Rate(int(match[1]), parse_duration(match[2]))
    if rate.per is not None and rate.per.amount == 0:
        raise ValueError(f"'{text}' has an empty window; make it at least 1m")
    return rate


def parse_target(text: object) -> int | float | Share:
    """Read a number or a share. Raises ValueError."""
    if isinstance(text, (int, float)) and not isinstance(text, bool) and math.isfinite(text):
        return text
    if isinstance(text, Share) or (isinstance(text, str) and "%" in text):
        return parse_share(text)
    raise ValueError(f"'{text}' is not a target; write a number like 8 or a share like 40%")


def _positive(value: Duration) -> Duration:
    if value.amount == 0:
        raise ValueError(f"'{value}' is not positive; make it at least 1{value.unit}")
    return value


def _in_days(value: Duration) -> Duration:
    if not value.in_days:
        raise ValueError(f"'{value}' is not a number of days; write one like 3d or 2w")
    return _positive(value)


def _text(pattern: str, example: str) -> Any:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_WRITTEN = PlainSerializer(str, return_type=str)

DurationField = Annotated[
    Duration, BeforeValidator(parse_duration), _WRITTEN, _text(r"^\d+\s*[mhdw]$", "3d")
]
PositiveDuration = Annotated[
    Duration,
    BeforeValidator(lambda text: _positive(parse_duration(text))),
    _WRITTEN,
    _text(r"^0*[1-9]\d*\s*[mhdw]$", "3d"),
]
PositiveDays = Annotated[
    Duration,
    BeforeValidator(lambda text: _in_days(parse_duration(text))),
    _WRITTEN,
    _text(r"^0*[1-9]\d*\s*[dw]$", "3d"),
]
ShareField = Annotated[
    Share, BeforeValidator(parse_share), _WRITTEN, _text(r"^\d+(\.\d+)?\s*%$", "50%")
]
CapField = Annotated[
    Rate, BeforeValidator(parse_cap), _WRITTEN, _text(r"^\d+\s+per\s+\d+\s*[mhdw]$", "1 per 1d")
]
AtMostField = Annotated[
    Rate,
    BeforeValidator(parse_at_most),
    _WRITTEN,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^\d+(\s+per\s+\d+\s*[mhdw])?$"},
            ],
            "examples": ["20 per 7d"],
        }
    ),
]
TargetField = Annotated[int | float | ShareField, BeforeValidator(parse_target)]
