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
_MOST_TASKS = 500


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
    """Lists of open tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

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


def _name(profile: Mapping[str, Any], email: str | None, lead: str) -> str:
    return person_name(profile) or str(email or lead)
