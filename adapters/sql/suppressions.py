"""The suppression list: addresses that get no marketing mail, whoever asked for it.

It belongs to the address and is looked at last, so it holds for mail that is already queued.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from adapters.sql.database import Database
from models.addresses import comparable, spellings
from models.tables.columns import table_of
from models.tables.mail import Suppression

_S = table_of(Suppression)

Reason = Literal["unsubscribed", "bounced", "complained"]
BY_HAND = ""
"""Whom a row belongs to that no lead's own turns may take away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """One reason against one address."""

    address: str
    reason: str
    at: datetime


class SqlSuppressionList:
    """The table of suppressions. Addresses are compared in lower case and in all spellings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, address: str, reason: Reason, *, at: datetime, lead: str = BY_HAND) -> bool:
        """Suppress an address at once; False if it was so already.

        What was done by hand stays by hand, also where a lead's turn came first.
        """
        insert = self._database.upsert(_S).values(
            address=comparable(address), reason=reason, lead=lead, at=at
        )
        with self._database.write() as connection:
            done = connection.scalar(insert.on_conflict_do_nothing().returning(_S.c.address))
            if done is None and lead == BY_HAND:
                mine = sa.and_(_S.c.address == comparable(address), _S.c.reason == reason)
                connection.execute(sa.update(_S).where(mine).values(lead=BY_HAND))
        return done is not None

    def remove(self, address: str, reason: Reason | None = None) -> bool:
        """Lift one reason, or all; False if there was none."""
        delete = sa.delete(_S).where(_S.c.address.in_(spellings(address)))
        if reason is not None:
            delete = delete.where(_S.c.reason == reason)
        with self._database.write() as connection:
            return connection.execute(delete).rowcount > 0

    def all(self) -> Iterator[Suppressed]:
        """Every row, by address."""
        query = sa.select(_S).order_by(_S.c.address, _S.c.reason)
        with self._database.read() as connection:
            for row in connection.execute(query):
                yield Suppressed(address=row.address, reason=row.reason, at=row.at)

    def reasons(self, address: str) -> list[str]:
        """What stands against an address."""
        query = sa.select(_S.c.reason).where(_S.c.address.in_(spellings(address)))
        with self._database.read() as connection:
            return sorted(set(connection.scalars(query)))
