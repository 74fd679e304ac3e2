"""The names of leads: their addresses, each of one lead only, and their ids.

An address is compared by its key (`models.addresses.address_key`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.addresses import address_key, spellings
from models.tables.columns import table_of
from models.tables.leads import LeadAddressRow, LeadIdRow, LeadRow

_A = table_of(LeadAddressRow)
_I = table_of(LeadIdRow)
_L = table_of(LeadRow)

_NAMING_LOCK = 5_323_460_002
"""Any number will do, so long as nobody else locks by it in this database."""

# Built once: building them for every turn costs more than running them.
_OWNER = sa.select(_A.c.lead).where(_A.c.address == sa.bindparam("key"))


class AddressTakenError(Exception):
    """An address became another lead's since it was looked up; look it up again."""


class MergedMeanwhileError(Exception):
    """The lead that another is merged into was itself merged since it was looked up."""


class SqlLeadNames:
    """Tables `lead_addresses` and `lead_ids`, read and written in the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._add_address = database.upsert(_A).on_conflict_do_nothing().returning(_A.c.lead)
        self._add_id = database.upsert(_I).on_conflict_do_nothing().returning(_I.c.lead)

    def lock(self, connection: Connection) -> None:
        """Let nobody else give names until the transaction ends.

        SQLite has one writer at a time in any case.
        """
        if not self._database.is_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_NAMING_LOCK)))

    def by_addresses(self, connection: Connection, addresses: Iterable[str]) -> dict[str, str]:
        """Whose these addresses are: leads by address key."""
        return _found(connection, _A.c.address, _A.c.lead, map(address_key, addresses))

    def by_ids(self, connection: Connection, ids: Iterable[str]) -> dict[str, str]:
        """Whose these ids are: leads by id."""
        return _found(connection, _I.c.id, _I.c.lead, ids)

    def has_address(self, connection: Connection, lead: str, address: str) -> bool:
        """Whether a lead's mail goes to this address.

        Of leads from before addresses were unique, several may have one.
        """
        found = sa.select(_L.c.id).where(_L.c.id == lead, _L.c.email.in_(spellings(address)))
        return connection.scalar(found) is not None

    def add_address(self, connection: Connection, address: str, lead: str) -> None:
        """Give a lead an address. Raises AddressTakenError if it is another's."""
        key = address_key(address)
        owner = connection.scalar(_OWNER, {"key": key})
        if owner is None:
            self.lock(connection)
            row = {"address": key, "lead": lead}
            owner = connection.scalar(self._add_address, row)
            owner = owner or connection.scalar(_OWNER, {"key": key})
        if owner != lead:
            raise AddressTakenError(f"an address of lead {lead} is lead {owner}'s by now")

    def use_for_mail(self, connection: Connection, lead: str, address: str) -> None:
        """From now on the lead's mail goes to this address, which it has already."""
        mine = sa.and_(_A.c.address == address_key(address), _A.c.lead == lead)
        connection.execute(sa.update(_A).where(mine, _A.c.merged.is_not(None)).values(merged=None))

    def merge(self, connection: Connection, lead: str, into: str) -> None:
        """Make all names of a lead other names of the lead `into`. Raises MergedMeanwhileError."""
        self.lock(connection)
        if self.by_ids(connection, [into]).get(into, into) != into:
            raise MergedMeanwhileError(f"lead {into} was itself merged into another")
        self.add_id(connection, lead, into)
        connection.execute(sa.update(_I).where(_I.c.lead == lead).values(lead=into))
        connection.execute(
            sa.update(_A)
            .where(_A.c.lead == lead)
            .values(lead=into, merged=sa.func.coalesce(_A.c.merged, lead))
        )

    def merged(self, connection: Connection, addresses: Iterable[str]) -> set[str]:
        """Which of these addresses (their keys) came with a lead that was merged into another."""
        keys = sorted({address_key(one) for one in addresses if one})
        if not keys:
            return set()
        found = sa.select(_A.c.address).where(_A.c.address.in_(keys), _A.c.merged.is_not(None))
        return set(connection.scalars(found))

    def address_of_merged(self, connection: Connection, lead: str) -> str:
        """The address that a merged lead had; empty for a lead that was not merged."""
        found = sa.select(_A.c.address).where(_A.c.merged == lead).order_by(_A.c.address)
        return connection.scalar(found.limit(1)) or ""

    def merged_with(self, connection: Connection, address: str) -> str | None:
        """The own id of the merged lead that had this address; None if it is of no such lead."""
        found: str | None = connection.scalar(
            sa.select(_A.c.merged).where(_A.c.address == address_key(address))
        )
        return found

    def add_id(self, connection: Connection, given: str, lead: str) -> None:
        """Give a lead one more id, unless a lead has it."""
        connection.execute(self._add_id, {"id": given, "lead": lead})

    def release(self, connection: Connection, lead: str, addresses: Collection[str]) -> None:
        """Take addresses from a lead; another lead that has one for its mail is its owner now."""
        for address in addresses:
            # What came with a merged lead stays another name of this one.
            mine = sa.delete(_A).where(
                _A.c.address == address_key(address), _A.c.lead == lead, _A.c.merged.is_(None)
            )
            if not connection.execute(mine).rowcount:
                continue
            heir = connection.scalar(
                sa.select(_L.c.id)
                .where(_L.c.email.in_(spellings(address)), _L.c.id != lead)
                .order_by(_L.c.created.asc().nulls_last(), _L.c.id)
                .limit(1)
            )
            if heir is not None:
                self.add_address(connection, address, heir)


def _found(
    connection: Connection,
    name: sa.ColumnElement[str],
    lead: sa.ColumnElement[str],
    wanted: Iterable[str],
) -> dict[str, str]:
    names = sorted({one for one in wanted if one})
    if not names:
        return {}
    rows = connection.execute(sa.select(name, lead).where(name.in_(names)))
    return {row[0]: row[1] for row in rows}
