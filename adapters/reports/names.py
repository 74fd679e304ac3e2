"""The names of some leads, for a list."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from adapters.sql.database import Database
from lifecycle.words.person_name import person_name
from models.tables.columns import table_of
from models.tables.leads import LeadRow

_L = table_of(LeadRow)


def names_of(database: Database, leads: Collection[str]) -> dict[str, str]:
    """The person's name of each lead, else its address or its id."""
    query = sa.select(_L.c.id, _L.c.profile, _L.c.email).where(_L.c.id.in_(leads))
    with database.read() as connection:
        return {
            row.id: person_name(row.profile) or str(row.email or row.id)
            for row in connection.execute(query)
        }
