"""The suppression list: addresses that get no marketing mail, and why.

A suppression belongs to the address. It is checked last before sending, so it also stops mail that
is already queued.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from adapters.sql.lead_names import SqlLeadNames
from lifecycle.nurture.suppression import SuppressionReason
from models.addresses import comparable, readable_domain, spellings
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.mail import Suppression

_S = table_of(Suppression)
_L = table_of(LeadRow)

BY_HAND = ""
"""The owner of rows that no lead's own turns may remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """One reason against one address."""

    address: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOfAddress:
    """A lead that has the address, and the reasons in its own state."""

    lead: str
    suppressed: frozenset[str]


class SqlSuppressionList:
    """The table of suppressions. Addresses are compared in lower case and in all spellings."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = SqlLeadNames(database)

    def add(
        self, address: str, reason: SuppressionReason, *, at: datetime, lead: str = BY_HAND
    ) -> bool:
        """Suppress an address in a transaction of its own; False if it was suppressed already."""
        with self._database.write(durable=True) as connection:
            return self.store(connection, address, reason, at=at, lead=lead)

    def store(
        self,
        connection: Connection,
        address: str,
        reason: SuppressionReason,
        *,
        at: datetime,
        lead: str = BY_HAND,
    ) -> bool:
        """`add` as a part of another's transaction.

        A suppression by hand is kept, also where a lead's turn wrote the row first.
        """
        stored = sa.and_(_S.c.address.in_(spellings(address)), _S.c.reason == reason)
        known = connection.scalar(sa.select(sa.func.count()).where(stored))
        row = {"address": _readable(address), "reason": reason, "lead": lead, "at": at}
        insert = self._database.upsert(_S).values(row).on_conflict_do_nothing()
        new = not known and connection.scalar(insert.returning(_S.c.address)) is not None
        if not new and lead == BY_HAND:
            connection.execute(sa.update(_S).where(stored).values(lead=BY_HAND))
        return new

    def since(
        self, connection: Connection, address: str, reason: SuppressionReason
    ) -> datetime | None:
        """Since when the address is suppressed for this reason, or None."""
        found: datetime | None = connection.scalar(
            sa.select(sa.func.min(_S.c.at)).where(
                _S.c.address.in_(spellings(address)), _S.c.reason == reason
            )
        )
        return found

    def remove(self, address: str, reason: SuppressionReason | None = None) -> bool:
        """Lift one reason, or all, in a transaction of its own; False if there was none."""
        with self._database.write(durable=True) as connection:
            return bool(self.lift(connection, address, reason))

    def lift(
        self, connection: Connection, address: str, reason: SuppressionReason | None = None
    ) -> list[str]:
        """`remove` as a part of another's transaction; the reasons that were lifted, sorted."""
        delete = sa.delete(_S).where(_S.c.address.in_(spellings(address)))
        if reason is not None:
            delete = delete.where(_S.c.reason == reason)
        return sorted(set(connection.scalars(delete.returning(_S.c.reason))))

    def leads_of(self, connection: Connection, address: str) -> list[LeadOfAddress]:
        """The leads that have the address now, by id; also one that is not created yet.

        And the lead whose other address it is, because a lead that had it was merged into it.
        """
        owner = self._names.by_addresses(connection, [address])
        theirs = sa.or_(_L.c.email.in_(spellings(address)), _L.c.id.in_(sorted(owner.values())))
        query = (
            sa.select(_L.c.id, _L.c.state)
            .where(theirs, _L.c.merged_into.is_(None))
            .order_by(_L.c.id)
        )
        found = {
            row.id: frozenset(row.state.get("suppressed", ())) for row in connection.execute(query)
        }
        found = dict.fromkeys(owner.values(), frozenset()) | found
        return [LeadOfAddress(lead=lead, suppressed=found[lead]) for lead in sorted(found)]

    def address_of(self, connection: Connection, lead: str) -> str | None:
        """The address that a lead has now; None if it is not known here, or has none."""
        found: str | None = connection.scalar(sa.select(_L.c.email).where(_L.c.id == lead))
        return found

    def all(self) -> Iterator[Suppressed]:
        """Every row, by address."""
        query = sa.select(_S).order_by(_S.c.address, _S.c.reason)
        with self._database.read() as connection:
            for row in connection.execute(query):
                yield Suppressed(address=row.address, reason=row.reason, at=row.at)

    def reasons(self, address: str) -> list[str]:
        """The reasons for which an address is suppressed."""
        query = sa.select(_S.c.reason).where(_S.c.address.in_(spellings(address)))
        with self._database.read() as connection:
            return sorted(set(connection.scalars(query)))


def _readable(address: str) -> str:
    """The one spelling in which an address is stored."""
    local, at, domain = comparable(address).rpartition("@")
    return f"{local}{at}{readable_domain(domain)}"
