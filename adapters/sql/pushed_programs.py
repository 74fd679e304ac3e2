"""Versions of programs that were uploaded or pushed, stored under their digest."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from adapters.sql.database import Database
from models.change_plan import PushedVersion
from models.program.program import Program
from models.tables.columns import table_of
from models.tables.programs import PublicationRow, PushedProgram

_P = table_of(PublicationRow)
_T = table_of(PushedProgram)
_SHOWN = (_T.c.digest, _T.c.name, _T.c.by, _T.c.note, _T.c.at)


class SqlPushedPrograms:
    """The versions in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def push(self, program: Program, *, by: str, note: str) -> bool:
        """Store a version; False if it was pushed before: then nothing is changed."""
        row = self._database.upsert(_T).values(
            digest=program.digest,
            name=program.program,
            text=program.canonical_json,
            by=by,
            note=note,
            at=datetime.now(UTC),
        )
        with self._database.write() as connection:
            stored = connection.scalar(row.on_conflict_do_nothing().returning(_T.c.digest))
        return stored is not None

    def load(self, name: str, digest: str) -> Program | None:
        """The pushed version of this program and digest, or None."""
        query = sa.select(_T.c.text).where(_T.c.digest == digest, _T.c.name == name)
        with self._database.read() as connection:
            text = connection.scalar(query)
        return Program.model_validate_json(text) if text is not None else None

    def unpublished(self, name: str | None = None, *, most: int = 50) -> tuple[PushedVersion, ...]:
        """Versions that were never published, of this program or of all, the latest first."""
        published = sa.exists().where(_P.c.digest == _T.c.digest)
        query = sa.select(*_SHOWN).where(sa.not_(published))
        if name is not None:
            query = query.where(_T.c.name == name)
        query = query.order_by(_T.c.at.desc(), _T.c.digest).limit(most)
        with self._database.read() as connection:
            return tuple(PushedVersion(**row) for row in connection.execute(query).mappings())
