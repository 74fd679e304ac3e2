"""Open tasks, as a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database
from lifecycle.words.person_name import person_name
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TaskRow

_L = table_of(LeadRow)
_T = table_of(TaskRow)
PAGE = 50
"""How many tasks a page has."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A page of open tasks, and how many there are."""

    tasks: tuple[OpenTask, ...]
    number: int
    total: int

    @property
    def first(self) -> int:
        """The number of the page's first task, from 1; 0 if there is none."""
        return (self.number - 1) * PAGE + 1 if self.tasks else 0

    @property
    def last(self) -> int:
        """The number of its last task."""
        return self.first + len(self.tasks) - 1 if self.tasks else 0


class SqlDeskLists:
    """Lists of open tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tasks(
        self, person: str, teams: Collection[str], *, number: int = 1, most: int | None = None
    ) -> TaskPage:
        """Open tasks of this person and of these teams: by when they should be done, then by age.

        Pages count from 1; `most`: how many, if not a whole page.

        A task that was opened for the owner of a lead that had none is its present owner's.
        """
        owned = sa.select(_L.c.id).where(_L.c.owner == person)
        theirs = sa.and_(
            _T.c.done.is_(None),
            sa.or_(
                _T.c.owner == person,
                _T.c.team.in_(sorted(teams)),
                sa.and_(_T.c.owner.is_(None), _T.c.team.is_(None), _T.c.lead.in_(owned)),
            ),
        )
        # The leads are read for the page alone, because their rows are wide.
        page = (
            sa.select(_T)
            .where(theirs)
            .order_by(_T.c.until.asc().nulls_last(), _T.c.opened, _T.c.lead, _T.c.task)
            .limit(most or PAGE)
            .offset((number - 1) * PAGE)
            .subquery()
        )
        query = (
            sa.select(page, _L.c.profile, _L.c.email)
            .join(_L, _L.c.id == page.c.lead)
            .order_by(page.c.until.asc().nulls_last(), page.c.opened, page.c.lead, page.c.task)
        )
        with self._database.read() as connection:
            total = connection.scalar(sa.select(sa.func.count()).where(theirs)) or 0
            tasks = tuple(
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
            )
        return TaskPage(tasks=tasks, number=number, total=total)


def _name(profile: Mapping[str, Any], email: str | None, lead: str) -> str:
    return person_name(profile) or str(email or lead)
