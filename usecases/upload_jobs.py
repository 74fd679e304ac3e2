"""What is done with an uploaded list: reading its columns, its dry run, its launch.

Each is a job in the background of the gateway (`usecases.background`), because a list of 100,000
rows takes a minute. The job stores how far it is and what it found with the list, so that a page
can show it. If the gateway ends meanwhile, the job is interrupted and can be begun again: a dry run
stores nothing else, and a launch goes on with the rows that it has stored.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import structlog

from adapters.files.leads import CheckedLeads, meanings_of
from adapters.files.tried_rows import write_tried
from adapters.files.understood import SAMPLES, Understood
from adapters.sql.database import Database, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.programs import SqlPrograms
from adapters.sql.uploads import BodyKind, SqlUploads, UnknownUploadError
from models.directory import Directory
from models.program.program import Program
from models.upload import Job, JobName, Upload
from usecases.background import InterruptedWorkError
from usecases.context import Context
from usecases.launches import store_launch
from usecases.planning_launch import LaunchPlan, plan_launch
from usecases.reading_lists import (
    ListOptions,
    UnusableFileError,
    read_as,
    read_leads,
    understand_leads,
)

MOST_COLUMNS = 300
"""Columns that a page shows; the others are read as found."""
_MOST_REASONS = 20
_PULSE_SECONDS = 10.0
_PROGRESS_SECONDS = 1.0

_log = structlog.get_logger(__name__)


async def run_job(context: Context, upload: str, job: Job, **more: Any) -> None:
    """Do a job in the background and store what it found. It raises nothing: it logs."""
    uploads = SqlUploads(context.database)
    world = (context.database.address, upload, job.id, context.now(), more)
    working = asyncio.ensure_future(context.list_work.call(_JOBS[job.name], *world))
    try:
        while not working.done():
            await asyncio.wait([working], timeout=_PULSE_SECONDS)
            if not working.done():
                await asyncio.to_thread(uploads.pulse, upload, job.id, datetime.now(UTC))
        working.result()
    except UnknownUploadError:
        return  # it was removed meanwhile
    except InterruptedWorkError as error:
        await _failed(uploads, upload, job, str(error))
    except Exception as error:  # noqa: BLE001  # the person is told, whatever it is
        _log.exception("an uploaded list's job failed", job=job.name)
        await _failed(uploads, upload, job, type(error).__name__)


async def _failed(uploads: SqlUploads, upload: str, job: Job, why: str) -> None:
    said = f"This was interrupted ({why}). Nothing was lost; begin it again."
    await asyncio.to_thread(uploads.end, upload, job.id, {"plan": {"problem": said}})


@dataclass(slots=True)
class _Work:
    """One job in its process, with the list in a file of its own."""

    database: Database
    upload: Upload
    job: str
    path: Path
    program: Program
    uploads: SqlUploads
    _said: float = field(default_factory=time.monotonic)

    @property
    def options(self) -> ListOptions:
        """What somebody said about the list."""
        return ListOptions(encoding=self.upload.encoding, mapping=self.upload.mapping)

    def progress(self, what: str, done: int, of: int) -> None:
        """Store how far it is, once a second."""
        if time.monotonic() - self._said >= _PROGRESS_SECONDS:
            self._said = time.monotonic()
            self.uploads.progress(self.upload.id, self.job, done=done, of=of, what=what)

    def leads(self, people: Directory) -> AbstractContextManager[CheckedLeads]:
        """Read the leads of the list. Raises UnusableFileError."""
        return read_leads(
            self.path,
            self.program,
            people,
            self.options,
            lambda read: self.progress("bytes checked", read, self.upload.size),
        )

    def end(self, *, bodies: Mapping[BodyKind, bytes] | None = None, **values: Any) -> None:
        """Store what was found."""
        self.uploads.end(self.upload.id, self.job, values, bodies)

    def about(self, error: Exception) -> str:
        """An error's message, with the name that the person knows."""
        return str(error).replace(str(self.path), self.upload.file)


@contextmanager
def _work(address: str, upload: str, job: str) -> Iterator[_Work]:
    database = open_database(address)
    try:
        uploads = SqlUploads(database)
        found, body = uploads.upload(upload), uploads.body(upload, "list")
        program = SqlPrograms(database).newest(found.program)
        if body is None or program is None:
            raise UnknownUploadError("the list or its program is not there any more")
        with tempfile.TemporaryDirectory() as folder:
            suffix = PurePath(found.file).suffix.lower()
            path = Path(folder) / f"list{suffix if suffix in ('.jsonl', '.ndjson') else '.csv'}"
            path.write_bytes(body)
            yield _Work(database, found, job, path, program, uploads)
    finally:
        database.close()


def _read(address: str, upload: str, job: str, _: datetime, __: dict[str, Any]) -> None:
    """Understand the columns."""
    with _work(address, upload, job) as work:
        work.end(found=_understood(work))


def _understood(work: _Work) -> dict[str, Any]:
    people = SqlDirectory(work.database).directory()
    try:
        return _found(understand_leads(work.path, work.program, people, work.options))
    except UnusableFileError as error:
        return _unreadable(work, error)


def _unreadable(work: _Work, error: UnusableFileError) -> dict[str, Any]:
    """Why a list can't be read as it is, and what can be chosen."""
    readings = {codec: list(words) for codec, words in error.readings.items()}
    found: dict[str, Any] = {"problem": work.about(error), "readings": readings}
    if error.table:
        header, *rows = error.table
        found["columns"] = [
            {
                "header": one.header,
                "field": one.field,
                "how": one.how,
                "filled": None,
                "samples": _samples([row[one.place] for row in rows if one.place < len(row)]),
                "words": {},
            }
            for one in meanings_of(work.program, work.upload.mapping).columns(header).all
        ][:MOST_COLUMNS]
    return found


def _samples(cells: list[str]) -> list[str]:
    return list(dict.fromkeys(one.strip()[:40] for one in cells if one.strip()))[:SAMPLES]


def _found(found: Understood) -> dict[str, Any]:
    return {
        **read_as(found.rows),
        "rows": found.count,
        "columns": [
            {
                "header": one.column.header,
                "field": one.column.field,
                "how": one.column.how,
                "filled": one.filled,
                "samples": one.samples,
                "words": one.words,
            }
            for one in found.columns[:MOST_COLUMNS]
        ],
        "more": max(0, len(found.columns) - MOST_COLUMNS),
    }


def _plan(address: str, upload: str, job: str, now: datetime, _: dict[str, Any]) -> None:
    """Make a dry run of the launch."""
    with _work(address, upload, job) as work:
        found = _understood(work)
        if "problem" in found:
            work.end(found=found)
            return
        people = SqlDirectory(work.database).directory()
        try:
            with work.leads(people) as leads:
                plan = plan_launch(
                    work.database,
                    leads,
                    work.program,
                    people,
                    conflict=work.upload.on_conflict,
                    now=now,
                    progress=lambda done: work.progress("rows tried", done, leads.valid),
                )
                rejects = leads.reject_file.path
                bodies: dict[BodyKind, bytes] = {"tried": write_tried(plan.rows)}
                if rejects.exists():
                    bodies["rejected"] = rejects.read_bytes()
                reasons = leads.reject_file.reasons
        except UnusableFileError as error:
            work.end(found=found, plan={"problem": work.about(error)})
            return
        work.end(found=found, plan=_planned(plan, work.program, reasons), bodies=bodies)


def _planned(plan: LaunchPlan, program: Program, reasons: Counter[str]) -> dict[str, Any]:
    days = sorted({*plan.mails.days, *plan.mails.mqls})
    most = reasons.most_common(_MOST_REASONS)
    return {
        "digest": program.digest,
        "counts": dict(plan.counts),
        "reasons": most,
        "other_reasons": plan.counts["rejected"] - sum(number for _, number in most),
        "days": [
            [day.isoformat(), plan.mails.days.get(day, 0), plan.mails.mqls.get(day, 0)]
            for day in days
        ],
        "sampled": plan.mails.sampled,
        "of": plan.mails.of,
    }


def _store(address: str, upload: str, job: str, _: datetime, more: dict[str, Any]) -> None:
    """Launch the list: store its rows. A worker starts them."""
    with _work(address, upload, job) as work:
        people = SqlDirectory(work.database).directory()
        stored = 0

        def count(more_rows: int) -> None:
            nonlocal stored
            stored += more_rows
            work.progress("rows stored", stored, leads.valid + leads.rejected)

        try:
            with work.leads(people) as leads:
                if not leads.valid:
                    work.end(plan={"problem": "No row of it is valid: nothing can be started."})
                    return
                launch = store_launch(
                    work.database,
                    work.path,
                    leads,
                    work.program,
                    work.options,
                    conflict=work.upload.on_conflict,
                    by=more["by"],
                    rate=more["rate"],
                    read_as=read_as(leads.rows, leads.translation),
                    name=work.upload.file,
                    progress=count,
                )
        except UnusableFileError as error:
            work.end(plan={"problem": work.about(error)})
            return
        work.uploads.launched(upload, launch.number)


_JOBS: dict[JobName, Any] = {"read": _read, "plan": _plan, "store": _store}
