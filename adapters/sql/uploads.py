"""Uploaded lists in the database: their bytes, and the job that is done with each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.tables.columns import UtcInstant, table_of
from models.tables.uploads import UploadBody, UploadRecord
from models.upload import KEPT_FOR, Job, Upload

_U = table_of(UploadRecord)
_B = table_of(UploadBody)

BodyKind = Literal["list", "rejected", "tried"]
"""The list itself, and of its dry run the rejected rows and all rows with their outcomes."""
_NO_JOB = {
    "job": None,
    "job_id": None,
    "job_pulse": None,
    "job_done": 0,
    "job_of": 0,
    "job_what": "",
}


class UnknownUploadError(LookupError):
    """There is no such uploaded list any more, or it is another person's."""


class SqlUploads:
    """The tables `uploads` and `upload_bodies`. All instants are of the wall clock."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, upload: Upload, body: bytes) -> None:
        """Store a new list."""
        with self.database.write(durable=True) as connection:
            connection.execute(
                sa.insert(_U).values(
                    id=upload.id,
                    at=upload.at,
                    by=upload.by,
                    file=upload.file,
                    file_digest=upload.file_digest,
                    size=upload.size,
                    program=upload.program,
                    on_conflict=upload.on_conflict,
                    encoding=upload.encoding,
                    mapping=dict(upload.mapping),
                    **_NO_JOB,
                )
            )
            connection.execute(sa.insert(_B).values(upload=upload.id, kind="list", body=body))

    def upload(self, upload: str) -> Upload:
        """The list of this id. Raises UnknownUploadError."""
        with self.database.read() as connection:
            row = connection.execute(sa.select(_U).where(_U.c.id == upload)).mappings().first()
        if row is None:
            raise UnknownUploadError("there is no such uploaded list any more")
        return _upload(dict(row))

    def latest(self, by: str | None) -> tuple[Upload, ...]:
        """The lists of a person that are not launched, the newest first; None: of everybody."""
        query = sa.select(_U).where(_U.c.launch.is_(None)).order_by(_U.c.at.desc()).limit(50)
        if by is not None:
            query = query.where(_U.c.by == by)
        with self.database.read() as connection:
            return tuple(_upload(dict(row)) for row in connection.execute(query).mappings())

    def body(self, upload: str, kind: BodyKind) -> bytes | None:
        """The bytes of a list, or of its rejected rows; None if there are none."""
        query = sa.select(_B.c.body).where(_B.c.upload == upload, _B.c.kind == kind)
        with self.database.read() as connection:
            return connection.scalar(query)

    def say(self, upload: str, **values: Any) -> None:
        """Store what somebody said about a list. What was planned before does not hold any more."""
        with self.database.write() as connection:
            connection.execute(
                sa.update(_U).where(_U.c.id == upload).values(**values, plan=sa.null())
            )
            _remove_tried(connection, upload)

    def begin(self, upload: str, job: Job) -> None:
        """Say that a job is under way; what an earlier one finds is not stored any more."""
        with self.database.write() as connection:
            connection.execute(
                sa.update(_U)
                .where(_U.c.id == upload)
                .values(
                    job=job.name,
                    job_id=job.id,
                    job_pulse=job.pulse,
                    job_done=0,
                    job_of=0,
                    job_what="",
                )
            )

    def pulse(self, upload: str, job: str, at: datetime) -> None:
        """Say that a job is alive."""
        self._of_job(upload, job, job_pulse=at)

    def progress(self, upload: str, job: str, *, done: int, of: int, what: str) -> None:
        """Say how far a job is."""
        self._of_job(upload, job, job_done=done, job_of=of, job_what=what)

    def end(
        self,
        upload: str,
        job: str,
        values: Mapping[str, Any],
        bodies: Mapping[BodyKind, bytes] | None = None,
    ) -> None:
        """Store what a job found, unless another one was begun meanwhile."""
        with self.database.write(durable=True) as connection:
            ended = connection.execute(
                sa.update(_U)
                .where(_U.c.id == upload, _U.c.job_id == job)
                .values(**_NO_JOB, **values)
            )
            if ended.rowcount and bodies is not None:
                _remove_tried(connection, upload)
                for kind, body in bodies.items():
                    connection.execute(sa.insert(_B).values(upload=upload, kind=kind, body=body))

    def launched(self, upload: str, launch: int) -> None:
        """Say that a list was launched, and remove what it holds about people."""
        with self.database.write(durable=True) as connection:
            connection.execute(sa.delete(_B).where(_B.c.upload == upload))
            connection.execute(
                sa.update(_U)
                .where(_U.c.id == upload)
                .values(**_NO_JOB, found=sa.null(), plan=sa.null(), launch=launch)
            )

    def remove(self, upload: str) -> None:
        """Remove a list and all that is known of it."""
        with self.database.write(durable=True) as connection:
            connection.execute(sa.delete(_B).where(_B.c.upload == upload))
            connection.execute(sa.delete(_U).where(_U.c.id == upload))

    def remove_old(self, now: datetime) -> int:
        """Remove the lists whose time is over; how many."""
        old = sa.select(_U.c.id).where(_U.c.at < sa.literal(now - KEPT_FOR, UtcInstant()))
        with self.database.read() as connection:
            found = list(connection.scalars(old))
        for one in found:
            self.remove(one)
        return len(found)

    def _of_job(self, upload: str, job: str, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(
                sa.update(_U).where(_U.c.id == upload, _U.c.job_id == job).values(**values)
            )


def _remove_tried(connection: Connection, upload: str) -> None:
    connection.execute(sa.delete(_B).where(_B.c.upload == upload, _B.c.kind != "list"))


def _upload(row: Mapping[str, Any]) -> Upload:
    job = None
    if row["job"] is not None:
        job = Job(
            name=row["job"],
            id=row["job_id"],
            pulse=row["job_pulse"],
            done=row["job_done"],
            of=row["job_of"],
            what=row["job_what"],
        )
    rest = {name: value for name, value in row.items() if not name.startswith("job")}
    return Upload(**rest, job=job)
