"""The leads that sales works, as lists: breached first, then by when the clock is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database
from lifecycle.stages import WORKED
from lifecycle.words.person_name import person_name
from models.tables.columns import table_of
from models.tables.leads import LeadIdRow, LeadRow, TaskRow

_I = table_of(LeadIdRow)
_L = table_of(LeadRow)
_T = table_of(TaskRow)
PAGE = 100
"""How many leads a page of a list has."""
_MOST_TASKS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLine:
    """One lead in a list of the desk."""

    lead: str
    name: str
    company: str
    title: str
    stage: str
    since: datetime | None
    owner: str | None
    team: str | None
    clock: str | None
    due: datetime | None
    breached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskPage:
    """Some leads of a list, and which of how many they are."""

    lines: tuple[DeskLine, ...]
    first: int
    """The number of the first, from 1; 0 if there is none."""
    total: int

    @property
    def last(self) -> int:
        """The number of the last."""
        return self.first + len(self.lines) - 1 if self.lines else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A task that is to be done."""

    lead: str
    name: str
    """The lead's name, else its address."""
    company: str
    task: str
    kind: str
    title: str | None
    """What the program calls it; None: by its kind."""
    note: str | None
    owner: str | None
    team: str | None
    opened: datetime
    until: datetime | None
    """By when it should be done."""


class SqlDeskLists:
    """Lists over the leads' rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_owner(self, person: str, *, page: int = 1, find: str = "") -> DeskPage:
        """What this person owns and works.

        Pages count from 1. `find` leaves leads whose name, company or address contains it, and the
        lead that has this id.
        """
        return self._page(_L.c.owner == person, page, find)

    def of_teams(self, teams: Collection[str], *, page: int = 1, find: str = "") -> DeskPage:
        """What these teams work; `page` and `find` as in `of_owner`."""
        return self._page(_L.c.team.in_(sorted(teams)), page, find)

    def tasks(self, person: str, teams: Collection[str]) -> list[OpenTask]:
        """Open tasks of this person and of these teams: by when they should be done, then by age.

        A task that was opened for the owner of a lead that had none is its present owner's.
        """
        query = (
            sa.select(_T, _L.c.profile, _L.c.email)
            .join(_L, _L.c.id == _T.c.lead)
            .where(
                _T.c.done.is_(None),
                sa.or_(
                    _T.c.owner == person,
                    _T.c.team.in_(sorted(teams)),
                    sa.and_(_T.c.owner.is_(None), _T.c.team.is_(None), _L.c.owner == person),
                ),
            )
            .order_by(_T.c.until.asc().nulls_last(), _T.c.opened, _T.c.lead)
            .limit(_MOST_TASKS)
        )
        with self._database.read() as connection:
            return [
                OpenTask(
                    lead=row.lead,
                    name=_name(row.profile, row.email, row.lead),
                    company=str(row.profile.get("company") or ""),
                    task=row.task,
                    kind=row.task_kind,
                    title=row.name,
                    note=row.note,
                    owner=row.owner,
                    team=row.team,
                    opened=row.opened,
                    until=row.until,
                )
                for row in connection.execute(query)
            ]

    def _page(self, where: sa.ColumnElement[bool], page: int, find: str) -> DeskPage:
        before = (page - 1) * PAGE
        worked = (where, _L.c.stage.in_(sorted(WORKED)), *_containing(find))
        query = (
            sa.select(_L)
            .where(*worked)
            .order_by(_L.c.breached.desc(), _L.c.clock_due.asc().nulls_last(), _L.c.since, _L.c.id)
            .limit(PAGE)
            .offset(before)
        )
        with self._database.read() as connection:
            lines = tuple(_line(row) for row in connection.execute(query))
            counted = sa.select(sa.func.count()).select_from(_L).where(*worked)
            total = connection.execute(counted).scalar_one()
        return DeskPage(lines=lines, first=before + 1 if lines else 0, total=total)


def _containing(find: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition of a search. SQLite compares capital and small letters of A to Z only."""
    wanted = find.strip().lower()
    if not wanted:
        return ()
    first, last, company = (
        sa.func.coalesce(_L.c.profile[name].as_string(), "")
        for name in ("first_name", "last_name", "company")
    )
    named = _L.c.id.in_(sa.select(_I.c.lead).where(_I.c.id == find.strip()))
    texts = (_L.c.email, first + " " + last, company)
    found = (sa.func.lower(text).contains(wanted, autoescape=True) for text in texts)
    return (sa.or_(named, *found),)


def _name(profile: Mapping[str, Any], email: str | None, lead: str) -> str:
    return person_name(profile) or str(email or lead)


def _line(row: sa.Row[Any]) -> DeskLine:
    profile = row.profile
    return DeskLine(
        lead=row.id,
        name=_name(profile, row.email, row.id),
        company=str(profile.get("company") or ""),
        title=str(profile.get("title") or ""),
        stage=row.stage,
        since=row.since,
        owner=row.owner,
        team=row.team,
        clock=row.clock,
        due=row.clock_due,
        breached=row.breached,
    )
