"""The leads that sales works, as lists: breached first, then by when the clock is due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database
from lifecycle.stages import WORKED
from lifecycle.words.person_name import person_name
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TaskRow

_L = table_of(LeadRow)
_T = table_of(TaskRow)
_MOST = 500
"""How many leads one list has at most."""


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
class OpenTask:
    """A task that is to be done."""

    lead: str
    task: str
    kind: str
    owner: str | None
    team: str | None
    opened: datetime


class SqlDeskLists:
    """Lists over the leads' rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_owner(self, person: str) -> list[DeskLine]:
        """What this person owns and works."""
        return self._lines(_L.c.owner == person)

    def of_teams(self, teams: Collection[str]) -> list[DeskLine]:
        """What these teams work."""
        return self._lines(_L.c.team.in_(sorted(teams)))

    def tasks(self, person: str, teams: Collection[str]) -> list[OpenTask]:
        """Open tasks of this person and of these teams, the oldest first."""
        query = (
            sa.select(_T)
            .where(
                _T.c.done.is_(None),
                sa.or_(_T.c.owner == person, _T.c.team.in_(sorted(teams))),
            )
            .order_by(_T.c.opened, _T.c.lead)
            .limit(_MOST)
        )
        with self._database.read() as connection:
            return [
                OpenTask(
                    lead=row.lead,
                    task=row.task,
                    kind=row.task_kind,
                    owner=row.owner,
                    team=row.team,
                    opened=row.opened,
                )
                for row in connection.execute(query)
            ]

    def _lines(self, where: sa.ColumnElement[bool]) -> list[DeskLine]:
        query = (
            sa.select(_L)
            .where(where, _L.c.stage.in_(sorted(WORKED)))
            .order_by(_L.c.breached.desc(), _L.c.clock_due.asc().nulls_last(), _L.c.since, _L.c.id)
            .limit(_MOST)
        )
        with self._database.read() as connection:
            return [_line(row) for row in connection.execute(query)]


def _line(row: sa.Row[Any]) -> DeskLine:
    profile = row.profile
    return DeskLine(
        lead=row.id,
        name=person_name(profile) or str(row.email or row.id),
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
