"""Idempotency keys: a request under a key is done once, and its answer is stored for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from adapters.sql.database import Database
from models.tables.access import KeyedRequest
from models.tables.columns import table_of

_K = table_of(KeyedRequest)


@dataclass(frozen=True, slots=True)
class Begun:
    """The caller is to do the request now."""


@dataclass(frozen=True, slots=True)
class InHand:
    """The same request is being done at this moment."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The same request was done, with this answer."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Different:
    """The key is that of another request."""

    what: str
    at: datetime
    """When the other request came (the database's clock)."""


class SqlRequestKeys:
    """The keys of requests, each with what was asked under it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, key: str, said: str, what: str, *, lease: timedelta, kept: timedelta
    ) -> Begun | InHand | StoredAnswer | Different:
        """Begin a request, unless its key says that it was begun before.

        `said` is a fingerprint of all that it says, `what` names it for people. A request whose
        process died is begun again after `lease`. The key is forgotten after `kept`.
        """
        with self._database.write() as connection:
            now = self._database.now(connection)
            connection.execute(sa.delete(_K).where(_K.c.expires <= now))
            new = self._database.upsert(_K).values(
                key=key, said=said, what=what, at=now, busy=now + lease, expires=now + kept
            )
            if connection.execute(new.on_conflict_do_nothing().returning(_K.c.key)).first():
                return Begun()
            row = connection.execute(sa.select(_K).where(_K.c.key == key)).one()
            if row.said != said:
                return Different(row.what, row.at)
            if row.status is not None:
                return StoredAnswer(row.status, row.answer)
            over = (_K.c.key == key, _K.c.status.is_(None), _K.c.busy <= now)
            taken = connection.execute(sa.update(_K).where(*over).values(busy=now + lease))
            return Begun() if taken.rowcount else InHand()

    def answered(self, key: str, status: int, body: str) -> None:
        """Store the answer of a request that was done."""
        with self._database.write() as connection:
            done = sa.update(_K).where(_K.c.key == key).values(status=status, answer=body)
            connection.execute(done)

    def broken_off(self, key: str) -> None:
        """Let the same request be begun again: nobody knows whether it was done."""
        with self._database.write() as connection:
            now = self._database.now(connection)
            connection.execute(sa.update(_K).where(_K.c.key == key).values(busy=now))

    def forget(self, key: str) -> None:
        """Forget the key of a request that was refused: another may have it."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_K).where(_K.c.key == key))
