"""Runs of re-engagement schedules in the database, and the leads that they look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.reengagement import ReengagementRun
from models.state import LeadState, read_state
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.mail import Suppression
from models.tables.programs import ReengagementLead, ReengagementRow

_C = table_of(ReengagementLead)
_L = table_of(LeadRow)
_R = table_of(ReengagementRow)
_S = table_of(Suppression)


class SqlReengagements:
    """Every method is one transaction, so that a run goes on from where it was saved."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, run: ReengagementRun) -> ReengagementRun:
        """Add this run, unless it is there already; how it stands."""
        with self._database.write() as connection:
            insert = self._database.upsert(_R).values(**asdict(run))
            connection.execute(insert.on_conflict_do_nothing())
            row = connection.execute(sa.select(_R).where(_R.c.run == run.run)).mappings().one()
        return ReengagementRun(**row)

    def latest(self, name: str, *, most: int = 5) -> tuple[ReengagementRun, ...]:
        """The latest runs of a program's schedule, the newest first."""
        query = sa.select(_R).where(_R.c.name == name).order_by(_R.c.at.desc(), _R.c.run.desc())
        with self._database.read() as connection:
            rows = connection.execute(query.limit(most)).mappings()
            return tuple(ReengagementRun(**row) for row in rows)

    def page(self, name: str, stage: str | None, after: str, most: int) -> Sequence[LeadState]:
        """The leads in flight of a program in this stage after this id, in order of their ids.

        None stands for every stage. What suppresses a lead's address suppresses the lead here,
        also if it was created after that and has no entry of it.
        """
        reason = sa.select(sa.func.max(_S.c.reason)).where(_S.c.address == _L.c.email)
        query = (
            sa.select(_L.c.state, reason.scalar_subquery().label("reason"))
            .where(_L.c.program == name, _L.c.id > after, _L.c.closed.is_(sa.false()))
            .order_by(_L.c.id)
            .limit(most)
        )
        if stage is not None:
            query = query.where(_L.c.stage == stage)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [_suppressed(read_state(row.state), row.reason) for row in rows]

    def in_other_stages(self, name: str, stages: Collection[str]) -> int:
        """How many leads in flight of a program are in none of these stages."""
        query = (
            sa.select(sa.func.count())
            .where(_L.c.program == name, _L.c.stage.not_in(sorted(stages)))
            .where(_L.c.closed.is_(sa.false()))
        )
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def selected(self, run: ReengagementRun, eligible: Mapping[str, datetime]) -> None:
        """Store how far the run is, with the leads of a page that it may take."""
        with self._database.write() as connection:
            if eligible:
                rows = [
                    {"run": run.run, "lead": lead, "idle_since": since, "sent": False}
                    for lead, since in eligible.items()
                ]
                insert = self._database.upsert(_C)
                connection.execute(insert.on_conflict_do_nothing(), rows)
            _save(connection, run)

    def choose(self, run: ReengagementRun, at_most: int | None) -> None:
        """Store the run; of the leads that it may take, keep so many, the longest idle first."""
        with self._database.write() as connection:
            if at_most is not None:
                kept = (
                    sa.select(_C.c.lead)
                    .where(_C.c.run == run.run)
                    .order_by(_C.c.idle_since, _C.c.lead)
                    .limit(at_most)
                )
                surplus = _C.c.lead.not_in(kept.scalar_subquery())
                connection.execute(sa.delete(_C).where(_C.c.run == run.run, surplus))
            _save(connection, run)

    def unsent(self, run: str, most: int) -> tuple[str, ...]:
        """Chosen leads that were not sent the run, the longest idle first."""
        query = (
            sa.select(_C.c.lead)
            .where(_C.c.run == run, _C.c.sent.is_(sa.false()))
            .order_by(_C.c.idle_since, _C.c.lead)
            .limit(most)
        )
        with self._database.read() as connection:
            return tuple(connection.scalars(query))

    def sent(self, run: ReengagementRun, leads: Sequence[str]) -> None:
        """Store that these leads were sent the run."""
        with self._database.write() as connection:
            connection.execute(sa.update(_C).where(*_among(run.run, leads)).values(sent=True))
            _save(connection, run)

    def send_again(self, run: ReengagementRun) -> None:
        """Store the run; all chosen leads of which nothing is known are to be sent it again."""
        with self._database.write() as connection:
            connection.execute(sa.update(_C).where(_C.c.run == run.run).values(sent=False))
            _save(connection, run)

    def unsettled(self, run: str, after: str, most: int) -> dict[str, LeadState | None]:
        """Chosen leads after this id of which it is not known what became of them, as they stand.

        None for a lead without a row.
        """
        query = (
            sa.select(_C.c.lead, _L.c.state)
            .join_from(_C, _L, _L.c.id == _C.c.lead, isouter=True)
            .where(_C.c.run == run, _C.c.lead > after)
            .order_by(_C.c.lead)
            .limit(most)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {row.lead: read_state(row.state) if row.state else None for row in rows}

    def left(self, run: str) -> int:
        """Of how many chosen leads it is not known what became of them."""
        with self._database.read() as connection:
            query = sa.select(sa.func.count()).where(_C.c.run == run)
            return int(connection.scalar(query) or 0)

    def settle(self, run: ReengagementRun, leads: Sequence[str]) -> None:
        """Store the run, and forget these leads: it is known what became of them."""
        with self._database.write() as connection:
            if leads:
                connection.execute(sa.delete(_C).where(*_among(run.run, leads)))
            _save(connection, run)

    def end(self, run: ReengagementRun) -> None:
        """Store the run, and forget all its leads."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_C).where(_C.c.run == run.run))
            _save(connection, run)


def _suppressed(state: LeadState, reason: str | None) -> LeadState:
    if reason is None or reason in state.suppressed:
        return state
    return state.changed(suppressed=(*state.suppressed, reason))


def _among(run: str, leads: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return _C.c.run == run, _C.c.lead.in_(leads)


def _save(connection: Connection, run: ReengagementRun) -> None:
    values: dict[str, Any] = asdict(run)
    del values["run"]
    connection.execute(sa.update(_R).where(_R.c.run == run.run).values(**values))
