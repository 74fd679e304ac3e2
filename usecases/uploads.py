"""A list that is launched from the board, step by step: uploaded, read, planned, launched.

The list is stored between the steps, so that no step needs it again. It is removed when it is
launched, when somebody removes it, or after `KEPT_FOR`. Only who uploaded it and admins see it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

from adapters.files.leads import meanings_of
from adapters.sql.launches import SqlLaunches
from adapters.sql.storable_text import storable
from adapters.sql.uploads import SqlUploads, UnknownUploadError
from models.launch import Launch
from models.on_conflict import OnConflict
from models.upload import MOST_BYTES, Job, JobName, Upload
from usecases.context import Context
from usecases.reading_lists import UnusableFileError

__all__ = [
    "RefusedUploadError",
    "UnknownUploadError",
    "begin_job",
    "launched_before",
    "remove",
    "remove_old",
    "say",
    "store",
    "upload_of",
    "uploads_of",
]

_ZIP = b"PK\x03\x04"
"""What a spreadsheet of Excel or LibreOffice begins with."""
_LONGEST_NAME = 200
_ENCODINGS = 40
"""The longest name of an encoding."""


class RefusedUploadError(ValueError):
    """The file, or what was said about it, can't be used; the message says what would be right."""


def store(context: Context, *, by: str, file: str, program: str, body: bytes) -> Upload:
    """Store an uploaded list. Raises RefusedUploadError."""
    name = storable("".join(one for one in file if one.isprintable()).strip())[-_LONGEST_NAME:]
    if not name or not body:
        raise RefusedUploadError("Choose a file with rows: a CSV with a header, or JSON Lines.")
    if len(body) > MOST_BYTES:
        raise RefusedUploadError(
            f"The file has {len(body) / 1e6:.0f} MB, and {MOST_BYTES / 1e6:.0f} MB is the most."
            " Split it, or use the command leadflow launch, which has no limit."
        )
    if body.startswith(_ZIP):
        raise RefusedUploadError(
            "This is a spreadsheet or an archive. Save the sheet as CSV (in Excel: CSV UTF-8), and"
            " upload that."
        )
    upload = Upload(
        id=secrets.token_urlsafe(16),
        at=datetime.now(UTC),
        by=by,
        file=name,
        file_digest=hashlib.sha256(body).hexdigest(),
        size=len(body),
        program=_published(context, program),
        on_conflict="keep",
        encoding=None,
        mapping={},
    )
    SqlUploads(context.database).add(upload, body)
    return upload


def upload_of(context: Context, upload: str, *, by: str, everybody: bool) -> Upload:
    """A person's list; `everybody`: also those of others. Raises UnknownUploadError."""
    found = SqlUploads(context.database).upload(upload)
    if found.by != by and not everybody:
        raise UnknownUploadError("there is no such uploaded list of yours")
    return found


def uploads_of(context: Context, *, by: str, everybody: bool) -> tuple[Upload, ...]:
    """A person's lists, the newest first; `everybody`: all."""
    return SqlUploads(context.database).latest(None if everybody else by)


def say(
    context: Context,
    upload: Upload,
    *,
    program: str,
    on_conflict: str,
    encoding: str,
    mapping: Mapping[str, str],
) -> None:
    """Store what somebody says about a list. Raises RefusedUploadError."""
    meant = next((one for one in get_args(OnConflict) if one == on_conflict), None)
    if meant is None:
        raise RefusedUploadError("Say what a row does to a lead that is there already.")
    newest = context.programs.newest(_published(context, program))
    try:
        meanings_of(newest, mapping)
    except UnusableFileError as error:
        raise RefusedUploadError(f"{error}.".removeprefix("--map ")) from None
    SqlUploads(context.database).say(
        upload.id,
        program=program,
        on_conflict=meant,
        encoding=storable(encoding.strip())[:_ENCODINGS] or None,
        mapping=dict(mapping),
    )


def begin_job(context: Context, upload: Upload, name: JobName) -> Job | None:
    """Say that a job begins; None if another one of this list is under way."""
    now = datetime.now(UTC)
    if upload.job is not None and not upload.job.interrupted(now):
        return None
    job = Job(name=name, id=secrets.token_hex(8), pulse=now)
    SqlUploads(context.database).begin(upload.id, job)
    return job


def remove(context: Context, upload: Upload) -> None:
    """Remove a list."""
    SqlUploads(context.database).remove(upload.id)


def remove_old(context: Context) -> int:
    """Remove the lists whose time is over; how many."""
    return SqlUploads(context.database).remove_old(datetime.now(UTC))


def launched_before(context: Context, upload: Upload) -> tuple[Launch, ...]:
    """Earlier launches of the same file, the newest first."""
    return SqlLaunches(context.database).of_file(upload.file_digest)


def _published(context: Context, program: str) -> str:
    if program not in context.programs.names():
        raise RefusedUploadError("Choose a program that was published.")
    return program
