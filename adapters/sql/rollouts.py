"""Rollouts in the database: what is sent to the leads in flight of a program, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from activities.rollout import StandingLead
from adapters.sql.database import Database
from lifecycle.stages import IN_SALES
from models.publication import Publication
from models.rollout import PAUSE, RATE, RESUME, Json, Rollout, publication_body
from models.state import read_state
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.programs import PublicationRow, RolloutRow

_L = table_of(LeadRow)
_P = table_of(PublicationRow)
_R = table_of(RolloutRow)

# Built once: building it for every turn costs more than running it.
_FIRST = (
    sa.select(_R)
    .where(_R.c.name == sa.bindparam("whose"), _R.c.ended.is_(None))
    .order_by(_R.c.number)
    .limit(1)
)


class SqlRollouts:
    """Rollouts, and the leads in flight that they are sent to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_publication(
        self, connection: Connection, publication: Publication, *, rate: float = RATE
    ) -> Rollout | None:
        """Add a publication's rollout in the caller's transaction.

        None if it has nothing to do, or is there already.
        `pin` leaves all leads where they are; it only ends the wait of an earlier `finish`.
        """
        waits = sa.select(_P.c.number).where(
            _P.c.name == publication.name,
            _P.c.number < publication.number,
            _P.c.in_flight == "finish",
        )
        if publication.in_flight == "pin" and connection.scalar(waits.limit(1)) is None:
            return None
        workflow = f"publication/{publication.name}/{publication.number}"
        known = sa.select(_R.c.number).where(_R.c.workflow == workflow)
        if connection.scalar(known) is not None:
            return None
        body = publication_body(
            publication.digest,
            publication.in_flight,
            recheck=publication.recheck,
        )
        return _add(
            connection,
            name=publication.name,
            body=body,
            workflow=workflow,
            rate=rate,
            at=publication.at,
            by=publication.by,
        )

    def of_pause(
        self, connection: Connection, name: str, *, pause: bool, by: str, rate: float = RATE
    ) -> Rollout:
        """Add the rollout of a pause or of its end in the caller's transaction."""
        do = PAUSE if pause else RESUME
        at = datetime.now(UTC)
        return _add(connection, name=name, body={"do": do}, workflow=do, rate=rate, at=at, by=by)

    def rollout(self, number: int) -> Rollout:
        """The rollout of this number. Raises LookupError."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(_R).where(_R.c.number == number)).mappings().first()
        if row is None:
            raise LookupError(f"there is no rollout {number} in this database")
        return Rollout(**row)

    def latest(self, name: str, *, most: int = 5) -> tuple[Rollout, ...]:
        """The latest rollouts of a program, the newest first."""
        query = sa.select(_R).where(_R.c.name == name).order_by(_R.c.number.desc()).limit(most)
        return self._found(query)

    def under_way(self) -> tuple[Rollout, ...]:
        """All rollouts that have not ended, the oldest first."""
        return self._found(sa.select(_R).where(_R.c.ended.is_(None)).order_by(_R.c.number))

    def first_under_way(self, name: str) -> Rollout | None:
        """The oldest rollout of a program that has not ended, or None. Every turn asks it."""
        with self._database.read() as connection:
            row = connection.execute(_FIRST, {"whose": name}).mappings().first()
        return None if row is None else Rollout(**row)

    def _found(self, query: sa.Select[Any]) -> tuple[Rollout, ...]:
        with self._database.read() as connection:
            return tuple(Rollout(**row) for row in connection.execute(query).mappings())

    def waits_for_another(self, rollout: Rollout) -> bool:
        """Whether an earlier rollout of the same program has not ended."""
        earlier = sa.select(_R.c.number).where(
            _R.c.name == rollout.name, _R.c.number < rollout.number, _R.c.ended.is_(None)
        )
        with self._database.read() as connection:
            return connection.scalar(earlier.limit(1)) is not None

    def page(self, name: str, after: str, most: int) -> Sequence[StandingLead]:
        """The leads in flight of a program after this id, in order of their ids."""
        query = (
            sa.select(_L.c.state, _L.c.due_at)
            .where(_L.c.program == name, _L.c.closed.is_(sa.false()), _L.c.id > after)
            .order_by(_L.c.id)
            .limit(most)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [StandingLead(read_state(row.state), row.due_at) for row in rows]

    def turns(self, name: str) -> dict[str, int]:
        """The number of the last turn of each lead in flight of a program."""
        query = sa.select(_L.c.id, _L.c.turn).where(
            _L.c.program == name, _L.c.closed.is_(sa.false())
        )
        with self._database.read() as connection:
            return {row.id: row.turn for row in connection.execute(query)}

    def loads_beside(self, name: str) -> dict[str, int]:
        """How many leads of other programs each person works."""
        query = (
            sa.select(_L.c.owner, sa.func.count().label("leads"))
            .where(
                _L.c.program != name,
                _L.c.owner.is_not(None),
                _L.c.stage.in_(sorted(IN_SALES)),
            )
            .group_by(_L.c.owner)
        )
        with self._database.read() as connection:
            return {row.owner: int(row.leads) for row in connection.execute(query)}

    def save(self, rollout: Rollout) -> None:
        """Store how far it is."""
        values = {name: value for name, value in asdict(rollout).items() if name != "number"}
        with self._database.write() as connection:
            connection.execute(sa.update(_R).where(_R.c.number == rollout.number).values(**values))


def _add(
    connection: Connection,
    *,
    name: str,
    body: Json,
    workflow: str,
    rate: float,
    at: datetime,
    by: str,
) -> Rollout:
    paused = body["do"] in (PAUSE, RESUME)
    values: dict[str, Any] = {
        "name": name,
        "body": body,
        "workflow": workflow,
        "rate": rate,
        "at": at,
        "by": by,
        "sweep": 1 if paused else 0,
        "cursor": "",
        "found": 0,
        "sent": 0,
        "failed": {},
        "ended": None,
    }
    number = connection.scalar(sa.insert(_R).values(values).returning(_R.c.number)) or 0
    if paused:
        values["workflow"] = f"{workflow}/{name}/{number}"
        own = {"workflow": values["workflow"]}
        connection.execute(sa.update(_R).where(_R.c.number == number).values(own))
    return Rollout(number=number, **values)
