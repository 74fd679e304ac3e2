"""Published programs: stored once under their digest, never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.program.program import Program
from models.tables.columns import table_of
from models.tables.programs import PublishedProgram

_T = table_of(PublishedProgram)


class SqlPrograms:
    """Published programs in the database; what was loaded once is kept in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loaded: dict[str, Program] = {}
        self._lock = Lock()

    def load(self, digest: str) -> Program:
        """The program of this digest. Raises LookupError if none was published."""
        with self._lock:
            found = self._loaded.get(digest)
        if found is not None:
            return found
        with self._database.read() as connection:
            text = connection.scalar(sa.select(_T.c.text).where(_T.c.digest == digest))
        if text is None:
            raise LookupError(
                f"no program with the digest {digest} was published to this database;"
                " publish the file it came from, or use the database the lead was launched with"
            )
        program = Program.model_validate_json(text)
        with self._lock:
            return self._loaded.setdefault(digest, program)

    def publish(self, program: Program) -> None:
        """Store a program, in a transaction of its own; else see `publish_in`."""
        with self._database.write() as connection:
            self.publish_in(connection, program)

    def publish_in(self, connection: Connection, program: Program) -> None:
        """Store a program, in the caller's transaction.

        One that was published before is not changed, but is the newest of its name again.
        """
        insert = self._database.upsert(_T).values(
            digest=program.digest,
            name=program.program,
            text=program.canonical_json,
            published=datetime.now(UTC),
        )
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[_T.c.digest], set_={"published": insert.excluded.published}
            )
        )

    def newest(self, name: str) -> Program | None:
        """The program that was last published under this name, or None."""
        query = (
            sa.select(_T.c.digest)
            .where(_T.c.name == name)
            .order_by(_T.c.published.desc(), _T.c.digest)
            .limit(1)
        )
        with self._database.read() as connection:
            digest = connection.scalar(query)
        return None if digest is None else self.load(digest)

    def names(self) -> tuple[str, ...]:
        """The names under which programs were published, sorted."""
        with self._database.read() as connection:
            return tuple(connection.scalars(sa.select(_T.c.name).distinct().order_by(_T.c.name)))
