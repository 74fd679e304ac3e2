"""What the database says of two leads that are to be merged."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from adapters.sql.database import Database
from adapters.sql.lead_names import SqlLeadNames
from models.state import LeadState, read_state
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from models.tables.leads import LeadRow

_I = table_of(IntakeItem)
_L = table_of(LeadRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPair:
    """Two leads as they stand now."""

    keep: LeadState | None
    """The lead that goes on, as the lead that it is by now."""
    other: LeadState | None
    """The lead that ends, by its own id, also when it was merged before."""
    now: str | None
    """The lead that `other` is by now; None if there is none of this id."""
    coming: bool
    """Whether `other` was accepted and is not created yet."""


class SqlMerges:
    """Pairs of leads, and which lead a name means."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = SqlLeadNames(database)

    def pair(self, keep: str, other: str) -> StandingPair:
        """Both leads by their own ids."""
        waits = sa.select(_I.c.seq).where(
            _I.c.lead == other, _I.c.kind == "lead", _I.c.done.is_(None)
        )
        with self._database.read() as connection:
            owners = self._names.by_ids(connection, [keep, other])
            mine = owners.get(keep, keep)
            query = sa.select(_L.c.id, _L.c.state).where(_L.c.id.in_([mine, other]))
            states = {row.id: read_state(row.state) for row in connection.execute(query)}
            coming = connection.scalar(waits.limit(1)) is not None
        return StandingPair(
            keep=states.get(mine),
            other=states.get(other),
            now=owners.get(other, other) if other in states else None,
            coming=coming,
        )

    def meant(self, text: str) -> str | None:
        """The own id of the lead that an id or an address means; None if there is none.

        A lead that was merged is meant by its own id and by its address, not the one it is by now.
        """
        with self._database.read() as connection:
            own = connection.scalar(sa.select(_L.c.id).where(_L.c.id == text))
            if own is not None:
                return str(own)
            merged = self._names.merged_with(connection, text)
            if merged is not None:
                return merged
            found = {
                **self._names.by_addresses(connection, [text]),
                **self._names.by_ids(connection, [text]),
            }
        return next(iter(found.values()), None)
