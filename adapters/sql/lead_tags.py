"""Tags of leads, in the database."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from adapters.sql.storable_text import storable
from models.tables.columns import table_of
from models.tables.tags import LeadTag

_T = table_of(LeadTag)
MOST_LETTERS = 30
MOST_TAGS = 10
"""The most that a lead has: a row of a list shows them all."""


def tag_word(text: str) -> str:
    """A tag as it is stored and compared: one line, without capitals. Raises ValueError."""
    word = unicodedata.normalize("NFKC", " ".join(storable(text).split())).casefold()
    if not word or len(word) > MOST_LETTERS or not word.isprintable():
        raise ValueError(f"a tag has 1 to {MOST_LETTERS} letters")
    return word


class SqlLeadTags:
    """Reads and writes tags."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, leads: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The tags of each of these leads, by name; a lead without one is left out."""
        query = sa.select(_T.c.lead, _T.c.tag).where(_T.c.lead.in_(self._database.listed(leads)))
        found: dict[str, tuple[str, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query.order_by(_T.c.lead, _T.c.tag)):
                found[row.lead] = (*found.get(row.lead, ()), row.tag)
        return found

    def add(self, leads: Collection[str], tag: str) -> list[str]:
        """Give a tag to these leads. Return those that have the most tags already, unchanged."""
        query = (
            sa.select(_T.c.lead)
            .where(_T.c.lead.in_(self._database.listed(sorted(leads))), _T.c.tag != tag)
            .group_by(_T.c.lead)
            .having(sa.func.count() >= MOST_TAGS)
        )
        insert = self._database.upsert(_T).on_conflict_do_nothing()
        with self._database.write() as connection:
            full = set(connection.scalars(query))
            if rows := [{"lead": lead, "tag": tag} for lead in sorted(set(leads) - full)]:
                connection.execute(insert, rows)
        return sorted(full)

    def remove(self, leads: Collection[str], tag: str) -> None:
        """Take a tag from these leads, where they have it."""
        mine = _T.c.lead.in_(self._database.listed(sorted(leads)))
        with self._database.write() as connection:
            connection.execute(sa.delete(_T).where(mine, _T.c.tag == tag))


def tagged(tag: str) -> sa.Select[tuple[str]]:
    """A query for the leads with this tag, for use in `IN`."""
    return sa.select(_T.c.lead).where(_T.c.tag == tag)


def move_tags(database: Database, connection: Connection, lead: str, into: str) -> None:
    """Give a merged lead's tags to the lead that goes on, in the turn's transaction."""
    there = sa.select(sa.literal(into), _T.c.tag).where(_T.c.lead == lead)
    insert = database.upsert(_T).from_select(["lead", "tag"], there)
    # SQLite reads `ON CONFLICT` after a SELECT only with a WHERE, which this one has.
    connection.execute(insert.on_conflict_do_nothing())
    connection.execute(sa.delete(_T).where(_T.c.lead == lead))
