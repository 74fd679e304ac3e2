"""A report about leads, the same through every door."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, get_args
from zoneinfo import ZoneInfo

from adapters.reports.lives import SqlLives
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from lifecycle.calendars.local_time import resolve
from lifecycle.program.rulebook import OpenTime, rulebook
from models.instants import parse_instant, write_instant
from models.near_names import meant
from models.program.program import Program
from reports.forecast import forecast
from reports.funnel import funnel
from reports.holdout import holdout
from reports.life import LeadLife, Part
from reports.nurture import nurture
from reports.office_hours import office_hours
from reports.question import By, Question
from reports.sla import sla
from reports.sources import sources
from reports.table import Report
from reports.targets import targets
from reports.velocity import velocity

_COHORTS: Final[tuple[By, ...]] = (
    *("week", "month", "program", "source", "door", "motion", "country", "team"),
)
_GROUPS: Final[tuple[By, ...]] = _COHORTS[2:]
_DEALS: Final[frozenset[Part]] = frozenset({"deals"})
_HANDOFFS: Final[frozenset[Part]] = frozenset({"handoffs"})
_HANDED: Final[frozenset[By]] = frozenset({"team", "person"})
"""Groups that depend on a lead's handoffs."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a report knows besides the lives of leads: the programs."""

    programs: SqlPrograms
    names: tuple[str, ...]
    """Those it is about."""

    def newest(self) -> list[Program]:
        """The newest version of each program that it is about."""
        return [found for name in self.names if (found := self.programs.newest(name))]

    def office(self, digest: str, team: str | None) -> OpenTime:
        """A team's office time in a version of a program."""
        return office_hours(self.programs.load(digest), team)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A report: how it is computed, and by what it can be grouped."""

    of: Callable[[Iterable[LeadLife], Question, Known], Report]
    by: tuple[By, ...]
    parts: frozenset[Part] = frozenset()
    """What it needs of a life besides the moves."""


_REPORTS: Final[dict[str, _Kind]] = {
    "funnel": _Kind(of=lambda lives, asked, _: funnel(lives, asked), by=_COHORTS),
    "velocity": _Kind(of=lambda lives, asked, _: velocity(lives, asked), by=_COHORTS, parts=_DEALS),
    "sla": _Kind(
        of=lambda lives, asked, known: sla(lives, asked, known.office),
        by=("person", "hour", *_COHORTS),
        parts=_HANDOFFS,
    ),
    "nurture": _Kind(
        of=lambda lives, asked, _: nurture(lives, asked),
        by=_COHORTS,
        parts=frozenset({"mailings", "happenings"}),
    ),
    "sources": _Kind(
        of=lambda lives, asked, known: sources(lives, asked, known.newest()),
        by=_COHORTS,
        parts=frozenset({"deals", "mailings", "happenings"}),
    ),
    "targets": _Kind(
        of=lambda lives, asked, known: targets(lives, asked, known.newest()),
        by=_GROUPS,
        parts=frozenset({"handoffs", "deals"}),
    ),
    "holdout": _Kind(of=lambda lives, asked, _: holdout(lives, asked), by=_COHORTS, parts=_DEALS),
    "forecast": _Kind(
        of=lambda lives, asked, _: forecast(lives, asked),
        by=("program", "source", "door", "motion", "country"),
        parts=_DEALS,
    ),
}

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
"""Calendars know no other years."""

NAMES: Final = tuple(_REPORTS)
"""The reports that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A report as somebody asks for it: days and instants are texts, as they were written."""

    name: str
    since: str | None = None
    until: str | None = None
    as_of: str | None = None
    by: tuple[str, ...] = ()
    program: str | None = None


class UnknownNameError(ValueError):
    """Something that was asked for does not exist; `field` says what, the message what does."""

    def __init__(self, field: str, message: str) -> None:
        # Both are given on, so that it can be pickled: reports are made in another process.
        super().__init__(field, message)
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return self.message


def report(database: Database, programs: SqlPrograms, wanted: Wanted, now: datetime) -> Report:
    """Compute a report. `now` is the program's clock. Raises UnknownNameError."""
    kind = _REPORTS.get(wanted.name)
    if kind is None:
        raise UnknownNameError("name", f"there is no such report; {meant(wanted.name, NAMES)}")
    published = programs.names()
    if wanted.program is not None and wanted.program not in published:
        raise UnknownNameError(
            "program", f"no such program was published; {meant(wanted.program, published)}"
        )
    known = Known(programs, published if wanted.program is None else (wanted.program,))
    zones = {rulebook(one).zone for one in known.newest()}
    zone = zones.pop() if len(zones) == 1 else ZoneInfo("UTC")
    asked = Question(
        as_of=_instant("as_of", wanted.as_of, zone) or now,
        since=_instant("since", wanted.since, zone),
        until=_instant("until", wanted.until, zone),
        by=tuple(dict.fromkeys(_grouping(one, kind.by) for one in wanted.by)),
        timezone=zone,
    )
    _refuse_times_that_hold_nothing(asked, now)
    parts = kind.parts | _HANDOFFS if _HANDED & set(asked.by) else kind.parts
    lives = SqlLives(database, programs).read(
        as_of=asked.as_of, program=wanted.program, parts=parts
    )
    with _without_collecting():
        return kind.of(lives, asked, known)


def _refuse_times_that_hold_nothing(asked: Question, now: datetime) -> None:
    """Refuse a time that is not over, or that has no instant in it."""
    at = write_instant
    if asked.as_of > now:
        # Who is open would count as watched until then.
        raise UnknownNameError(
            "as_of", f"{at(asked.as_of)} lies in the future; the latest is now, {at(now)}"
        )
    if asked.since is not None and asked.since > asked.as_of:
        raise UnknownNameError(
            "since", f"{at(asked.since)} comes after the instant of the report, {at(asked.as_of)}"
        )
    if asked.since is not None and asked.until is not None and asked.until <= asked.since:
        raise UnknownNameError(
            "until",
            f"{at(asked.until)} is not after since, {at(asked.since)}; until is not included",
        )


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Let Python look for no garbage meanwhile.

    A report makes some million values that all stay until it is done; to look through them again
    and again for garbage takes a third of its time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def only(found: Report, row: str | None, column: str | None) -> Report:
    """The report with this row or column alone. Raises UnknownNameError if it has none such."""
    chosen = found.only(row, column)
    if chosen.tables or (row is None and column is None):
        return chosen
    rows = list(dict.fromkeys(one.name for table in found.tables for one in table.rows))
    columns = list(dict.fromkeys(name for table in found.tables for name in table.columns))
    if row is not None and row not in rows:
        raise UnknownNameError("row", f"there is no row '{row}'; {meant(row, rows)}")
    if column is not None and column not in columns:
        raise UnknownNameError("column", f"there is no column '{column}'; {meant(column, columns)}")
    raise UnknownNameError("row", f"no table has both the row '{row}' and the column '{column}'")


def groupings(name: str) -> tuple[By, ...]:
    """What a report's rows can be. Raises KeyError for a name that is none."""
    return _REPORTS[name].by


def _grouping(text: str, allowed: tuple[By, ...]) -> By:
    for one in get_args(By):
        if text == one and one in allowed:
            return text  # type: ignore[return-value]  # it is one of these words
    raise UnknownNameError("by", f"this report has no rows by '{text}'; {meant(text, allowed)}")


def _instant(field: str, text: str | None, zone: ZoneInfo) -> datetime | None:
    """An instant, or the beginning of a day in the report's time zone."""
    if text is None:
        return None
    try:
        found = _read(text, zone)
    except (ValueError, OverflowError) as error:
        raise UnknownNameError(field, f"{error}, or a day like 2026-03-02") from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise UnknownNameError(
            field, f"the year {found.year} is not between {_FIRST_YEAR} and {_LAST_YEAR}"
        )
    return found


def _read(text: str, zone: ZoneInfo) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_instant(text)
    return resolve(datetime.combine(day, time()), zone)
