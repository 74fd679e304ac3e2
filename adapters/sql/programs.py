"""Versions of programs, stored once under their digest and never changed, and publications."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.program.program import Program
from models.publication import InFlight, Publication
from models.tables.columns import table_of
from models.tables.programs import PausedProgram, PublicationRow, PublishedProgram

_T = table_of(PublishedProgram)
_P = table_of(PublicationRow)
_Z = table_of(PausedProgram)


class SqlPrograms:
    """Published programs in the database. A program that was loaded once stays in memory."""

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

    def publish(
        self,
        program: Program,
        *,
        by: str = "",
        note: str = "",
        in_flight: InFlight = "pin",
        recheck: bool = False,
    ) -> Publication:
        """Make a program the newest of its name, in a transaction of its own; see `publish_in`."""
        with self._database.write() as connection:
            return self.publish_in(
                connection, program, by=by, note=note, in_flight=in_flight, recheck=recheck
            )

    def publish_in(
        self,
        connection: Connection,
        program: Program,
        *,
        by: str = "",
        note: str = "",
        in_flight: InFlight = "pin",
        recheck: bool = False,
    ) -> Publication:
        """Make a program the newest of its name, in the caller's transaction.

        A version that was stored before is not changed. The newest version is not published
        again if nothing is to be done for leads in flight, so publishing it twice changes nothing.
        """
        at = datetime.now(UTC)
        insert = self._database.upsert(_T).values(
            digest=program.digest,
            name=program.program,
            text=program.canonical_json,
            published=at,
        )
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[_T.c.digest], set_={"published": insert.excluded.published}
            )
        )
        last = _publications(connection, program.program, 1)
        if last and last[0].digest == program.digest and in_flight == "pin" and not note:
            return last[0]
        values = {
            "name": program.program,
            "digest": program.digest,
            "at": at,
            "by": by,
            "note": note,
            "in_flight": in_flight,
            "recheck": recheck,
        }
        connection.execute(sa.insert(_P).values(values))
        (published,) = _publications(connection, program.program, 1)
        return published

    def publications(self, name: str, *, most: int = 100) -> tuple[Publication, ...]:
        """The latest publications of this name, the newest first."""
        with self._database.read() as connection:
            return _publications(connection, name, most)

    def versions(self, name: str | None, beginning: str = "") -> tuple[str, ...]:
        """The digests with this beginning, of this name's versions or of all, sorted."""
        query = (
            sa.select(_T.c.digest)
            .where(_T.c.digest.startswith(beginning, autoescape=True))
            .order_by(_T.c.digest)
        )
        if name is not None:
            query = query.where(_T.c.name == name)
        with self._database.read() as connection:
            return tuple(connection.scalars(query))

    def newest(self, name: str) -> Program | None:
        """The program that was last published under this name, or None."""
        found = self.publications(name, most=1)
        return self.load(found[0].digest) if found else None

    def newest_digest(self, name: str) -> str:
        """The digest of the newest version of this name. Raises LookupError if there is none."""
        found = self.publications(name, most=1)
        if not found:
            raise LookupError(f"no program '{name}' was published to this database")
        return found[0].digest

    def newest_digest_in(self, connection: Connection, name: str) -> str:
        """The newest version in the caller's transaction, or empty text.

        Other transactions that ask here wait until this one ends: between this and a publication
        in the same transaction nobody else publishes by a plan.
        """
        first = sa.select(_P.c.number).where(_P.c.name == name).order_by(_P.c.number).limit(1)
        connection.execute(first.with_for_update())
        found = _publications(connection, name, 1)
        return found[0].digest if found else ""

    def pause(self, name: str, *, by: str = "") -> bool:
        """Pause a program; False if it is paused already."""
        with self._database.write() as connection:
            return self.pause_in(connection, name, by=by)

    def pause_in(self, connection: Connection, name: str, *, by: str = "") -> bool:
        """`pause` in the caller's transaction."""
        row = self._database.upsert(_Z).values(name=name, at=datetime.now(UTC), by=by)
        return connection.scalar(row.on_conflict_do_nothing().returning(_Z.c.name)) is not None

    def resume(self, name: str) -> bool:
        """Let a paused program go on; False if it is not paused."""
        with self._database.write() as connection:
            return self.resume_in(connection, name)

    def resume_in(self, connection: Connection, name: str) -> bool:
        """`resume` in the caller's transaction."""
        delete = sa.delete(_Z).where(_Z.c.name == name).returning(_Z.c.name)
        return connection.scalar(delete) is not None

    def paused(self, name: str) -> bool:
        """Whether this program is paused."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(_Z.c.name).where(_Z.c.name == name)) is not None

    def names(self) -> tuple[str, ...]:
        """The names under which programs were published, sorted."""
        with self._database.read() as connection:
            return tuple(connection.scalars(sa.select(_T.c.name).distinct().order_by(_T.c.name)))


def _publications(connection: Connection, name: str, most: int) -> tuple[Publication, ...]:
    query = sa.select(_P).where(_P.c.name == name).order_by(_P.c.number.desc()).limit(most)
    return tuple(Publication(**row) for row in connection.execute(query).mappings())
