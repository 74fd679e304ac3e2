"""Views that people saved at the desk: a list's path under a name."""

from __future__ import annotations

import sqlalchemy as sa

from adapters.sql.database import Database
from adapters.sql.storable_text import storable
from models.tables.access import DeskView
from models.tables.columns import table_of

_T = table_of(DeskView)
MOST_VIEWS = 20
"""The most that a person can have."""
MOST_LETTERS = 40


class SqlDeskViews:
    """Saves and reads views."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, person: str) -> dict[str, str]:
        """A person's views: paths by name."""
        query = sa.select(_T.c.name, _T.c.path).where(_T.c.person == person).order_by(_T.c.name)
        with self._database.read() as connection:
            return {row.name: row.path for row in connection.execute(query)}

    def save(self, person: str, name: str, path: str) -> None:
        """Save a view; one of the same name is replaced.

        Raises ValueError for a name that is empty or too long, and if there are too many.
        """
        name = " ".join(storable(name).split())
        if not name or len(name) > MOST_LETTERS:
            raise ValueError(f"a view has a name of 1 to {MOST_LETTERS} letters")
        insert = self._database.upsert(_T).values(person=person, name=name, path=path)
        of_person = sa.select(_T.c.name).where(_T.c.person == person)
        with self._database.write() as connection:
            names = set(connection.scalars(of_person))
            if len(names | {name}) > MOST_VIEWS:
                raise ValueError(f"you have {MOST_VIEWS} views; remove one first")
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=[_T.c.person, _T.c.name], set_={"path": insert.excluded.path}
                )
            )

    def remove(self, person: str, name: str) -> None:
        """Remove a view, if there is one of this name."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_T).where(_T.c.person == person, _T.c.name == name))
