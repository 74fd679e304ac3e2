"""Rows a second of a launch, beside bare workflow starts on the same server, in one run.

A row of a launch is read, stored, named, started, and takes its first turn. A bare workflow starts,
does one local activity, and waits. Both have as many workers' slots.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.programs import SqlPrograms
from adapters.temporal.launches import LaunchRuns
from assembly.sandbox import sandbox
from assembly.settings import Settings
from assembly.stack import Ports, running_stack
from bench.bare import BareStart
from bench.life import PEOPLE
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from usecases.launches import launch_of, store_launch
from usecases.reading_lists import ListOptions, read_leads

ROWS = 2_000
STORED = 100_000
_AT_ONCE = 20
"""As many as the relay starts at once."""
_PATIENCE = 300.0
_QUEUE = "bare-starts"
_L = table_of(LeadRow)


@dataclass(frozen=True, slots=True)
class Launched:
    """Rows and bare starts a second."""

    rows: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much of the bare starts' rate a launch has."""
        return self.rows / self.bare


@dataclass(frozen=True, slots=True)
class Stored:
    """What it takes to store a list (the command's side): seconds, and bytes resident."""

    seconds: float
    before: int
    most: int


async def measure(home: Path) -> Launched:
    """Start bare workflows, then a launch, on one embedded stack."""
    settings = Settings(home=home, database_url="", log_level="error")
    async with running_stack(settings, Ports()) as stack:
        database = open_database(stack.settings.database)
        try:
            bare = await _bare(stack.client)
            rows = await _launch(stack.client, database, home)
        finally:
            database.close()
    return Launched(rows=rows, bare=bare)


async def _bare(client: Client) -> float:
    took = 0
    done = asyncio.Event()

    @activity.defn(name="start_nothing")
    async def start_nothing() -> None:
        nonlocal took
        took += 1
        if took == ROWS:
            done.set()

    numbers = iter(range(ROWS))

    async def start() -> None:
        for number in numbers:
            await client.start_workflow(BareStart.run, id=f"bare-{number}", task_queue=_QUEUE)

    async with Worker(
        client,
        task_queue=_QUEUE,
        workflows=[BareStart],
        activities=[start_nothing],
        workflow_runner=sandbox(),
    ):
        began = time.monotonic()
        await asyncio.gather(*(start() for _ in range(_AT_ONCE)))
        async with asyncio.timeout(_PATIENCE):
            await done.wait()
        return ROWS / (time.monotonic() - began)


async def _launch(client: Client, database: Database, home: Path) -> float:
    program = read_program(Path(__file__).with_name("reference.yaml"))
    SqlPrograms(database).publish(program)
    SqlDirectory(database).apply(PEOPLE)
    file, options = write_list(home, ROWS), ListOptions()
    began = time.monotonic()
    with read_leads(file, program, None, options) as leads:
        launch = await asyncio.to_thread(
            lambda: store_launch(
                database, file, leads, program, options, conflict="keep", rate=10_000
            )
        )
    await LaunchRuns(client).start([launch])
    async with asyncio.timeout(_PATIENCE):
        while (  # noqa: ASYNC110  # rows tell nobody
            launch_of(database, launch.number).standing != "done" or _turned(database) < ROWS
        ):
            await asyncio.sleep(0.2)
    return ROWS / (time.monotonic() - began)


def _turned(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(_L)) or 0


def write_list(home: Path, rows: int) -> Path:
    """A list with so many people."""
    file = home / "list.csv"
    with file.open("w", encoding="utf-8") as opened:
        opened.write("email,first_name,company,source\n")
        for number in range(rows):
            opened.write(f"p{number}@list.example,Person {number},Company {number},patient\n")
    return file


async def stored(home: Path) -> Stored:
    """Check and store a list of 100,000 rows, as the command does, and watch its memory."""
    settings = Settings(home=home, database_url="")
    await asyncio.to_thread(migrate, settings.database)
    database = open_database(settings.database)
    program = read_program(Path(__file__).with_name("reference.yaml"))
    SqlPrograms(database).publish(program)
    file, options = write_list(home, STORED), ListOptions()
    process, most = psutil.Process(), 0
    before = process.memory_info().rss

    def look(_: int) -> None:
        nonlocal most
        most = max(most, process.memory_info().rss)

    began = time.monotonic()
    try:
        with read_leads(file, program, None, options, look) as leads:
            store_launch(database, file, leads, program, options, conflict="keep", progress=look)
    finally:
        database.close()
    return Stored(seconds=time.monotonic() - began, before=before, most=most)
