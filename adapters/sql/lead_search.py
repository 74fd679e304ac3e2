"""The search over all leads: its rows, and which leads it finds.

A lead is found if its name, its company or its address contains the text, or if the text is one of
its ids. An index over runs of three letters narrows the rows down, and the text itself decides: so
the index makes the search quick, and never changes what it finds. SQLite's index is FTS5 with the
tokenizer `trigram`; PostgreSQL's is GIN over the runs of two and of three letters. Where an index
can't help, the narrow rows of the search are read instead, some hundredths of a second for 100,000
leads: texts of one letter, on SQLite also of two, and a SQLite that was built without FTS5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from adapters.sql.storable_text import storable
from lifecycle.words.person_name import person_name
from models.decision import Decision
from models.searched_words import compared
from models.tables.columns import table_of
from models.tables.leads import LeadIdRow
from models.tables.search import INDEX, SearchedLead

_I = table_of(LeadIdRow)
_W = table_of(SearchedLead)
_FTS = sa.table(INDEX, sa.column("rowid", sa.Integer()), sa.column(INDEX, sa.String()))
_TEXTS = ARRAY(sa.Text())
_LEAST = 3
"""The shortest text that SQLite's index knows, in characters."""

_STORED = sa.select(_W.c.words).where(_W.c.lead == sa.bindparam("whose"))
_FORGET = sa.delete(_W).where(_W.c.lead == sa.bindparam("whose"))


def search_words(profile: Mapping[str, Any]) -> str:
    """Name, company and address as the search compares them."""
    texts = (person_name(profile), profile.get("company"), profile.get("email"))
    return compared(storable("\n".join(str(one) for one in texts if one)))


def record_words(database: Database, connection: Connection, decision: Decision) -> None:
    """Write a lead's row in the turn's transaction. A lead that was merged has none."""
    state = decision.state
    if state.merged is not None:
        connection.execute(_FORGET, {"whose": state.lead})
        return
    words = search_words(state.profile)
    if connection.scalar(_STORED, {"whose": state.lead}) != words:
        insert = database.upsert(_W).values(lead=state.lead, words=words)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[_W.c.lead], set_={"words": insert.excluded.words}
            )
        )


class SqlLeadSearch:
    """Finds leads by a text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def leads(self, text: str) -> sa.CompoundSelect[tuple[str]]:
        """A query for the own ids of the leads that a text finds, for use in `IN`."""
        wanted = text.replace("\0", "").strip()
        words = compared(storable(wanted))
        contained = sa.select(_W.c.lead).where(
            *self._narrowed(words), _W.c.words.contains(words, autoescape=True)
        )
        return sa.union(contained, sa.select(_I.c.lead).where(_I.c.id == storable(wanted)))

    def _narrowed(self, words: str) -> list[sa.ColumnElement[bool]]:
        """What the index says of rows that contain the words, where it can say anything."""
        if not self._database.is_sqlite:
            grams = _grams(words)
            of_row = sa.func.search_grams(_W.c.words, type_=_TEXTS)
            return [of_row.contains(sa.cast(grams, _TEXTS))] if grams else []
        if len(words) < _LEAST or not self._has_index():
            return []
        phrase = '"' + words.replace('"', '""') + '"'
        matched = sa.select(_FTS.c.rowid).where(_FTS.c[INDEX].op("MATCH")(phrase))
        return [_W.c.number.in_(matched)]

    def _has_index(self) -> bool:
        query = sa.text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name")
        with self._database.read() as connection:
            return connection.scalar(query, {"name": INDEX}) is not None


def _grams(words: str) -> list[str]:
    """The runs of three letters in a text; of a text of two letters, itself."""
    size = min(len(words), _LEAST)
    return [] if size < 2 else sorted({words[n : n + size] for n in range(len(words) - size + 1)})
