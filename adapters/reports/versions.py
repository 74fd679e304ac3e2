"""Which version of its program each lead in flight is on."""

from __future__ import annotations

import sqlalchemy as sa

from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.leads import LeadRow

_L = table_of(LeadRow)


def leads_by_version(database: Database, program: str) -> dict[str, int]:
    """How many leads of this program are not closed, by the digest of their version."""
    query = (
        sa.select(_L.c.digest, sa.func.count().label("leads"))
        .where(_L.c.program == program, _L.c.closed.is_(sa.false()))
        .group_by(_L.c.digest)
        .order_by(sa.func.count().desc(), _L.c.digest)
    )
    with database.read() as connection:
        return {row.digest: int(row.leads) for row in connection.execute(query)}
