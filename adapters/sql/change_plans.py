"""Changes that are looked at before they are published, in the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.change_plan import ChangePlan, PlanStanding
from models.tables.columns import table_of
from models.tables.programs import ChangePlanRow

_T = table_of(ChangePlanRow)
_BIG = ("leads", "impact")
"""Columns of some megabytes for a large program; lists leave them out."""


class SqlChangePlans:
    """The plans."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, plan: ChangePlan) -> ChangePlan:
        """Store a new plan; its number is given here."""
        values = asdict(plan) | {"beat": datetime.now(UTC), "leads": dict(plan.leads)}
        del values["number"]
        with self._database.write() as connection:
            number = connection.scalar(sa.insert(_T).values(values).returning(_T.c.number))
        found = self.plan(plan.name, number or 0)
        assert found is not None  # noqa: S101  # it was stored above
        return found

    def plan(self, name: str | None, number: int) -> ChangePlan | None:
        """The plan of this number, if it is of this program (None: of any)."""
        query = sa.select(_T).where(_T.c.number == number)
        if name is not None:
            query = query.where(_T.c.name == name)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return ChangePlan(**row) if row is not None else None

    def latest(self, name: str | None = None, *, most: int = 10) -> tuple[ChangePlan, ...]:
        """The latest plans without their leads, the newest first; those that wait are all there."""
        shown = [column for column in _T.c if column.name not in _BIG]
        query = sa.select(*shown).order_by(_T.c.number.desc())
        if name is not None:
            query = query.where(_T.c.name == name)
        with self._database.read() as connection:
            rows = [
                *connection.execute(query.limit(most)).mappings(),
                *connection.execute(query.where(_T.c.standing == "asked")).mappings(),
            ]
        found = {row["number"]: ChangePlan(**row) for row in rows}
        return tuple(found[number] for number in sorted(found, reverse=True))

    def progress(self, number: int, words: str) -> None:
        """Store how far the futures are played."""
        with self._database.write() as connection:
            self._set(connection, number, ("playing",), progress=words, beat=datetime.now(UTC))

    def pulse(self, number: int) -> None:
        """Store that somebody still works on a plan, or that it waits for its turn."""
        with self._database.write() as connection:
            self._set(connection, number, ("playing",), beat=datetime.now(UTC))

    def move(self, number: int, sources: Collection[str], to: PlanStanding, **more: Any) -> bool:
        """Change a plan's standing in a transaction of its own; see `move_in`."""
        with self._database.write() as connection:
            return self.move_in(connection, number, sources, to, **more)

    @staticmethod
    def move_in(
        connection: Connection,
        number: int,
        sources: Collection[str],
        to: PlanStanding,
        **more: Any,
    ) -> bool:
        """Change a plan's standing; False if it is in none of `sources`: then nothing changes."""
        return SqlChangePlans._set(connection, number, sources, standing=to, **more)

    @staticmethod
    def _set(connection: Connection, number: int, sources: Collection[str], **values: Any) -> bool:
        changed = (
            sa.update(_T)
            .where(_T.c.number == number, _T.c.standing.in_(sources))
            .values(values)
            .returning(_T.c.number)
        )
        return connection.scalar(changed) is not None
