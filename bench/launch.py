"""Rows a second of a launch, beside bare workflow starts on the same server, in one run.

A row of a launch is read, stored, named, started, and takes its first turn. A bare workflow starts,
does one local activity, and waits. It is measured twice: in the SDK's sandbox as everybody has it,
which loads a workflow's file again for every start, and in ours, which does not.

Other programs on the machine change the rates within a run. So the processor time is measured too:
of this process, which is the worker and the client, and of Temporal's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.programs import SqlPrograms
from adapters.temporal.launches import LaunchRuns
from assembly.sandbox import sandbox
from assembly.settings import Settings
from assembly.stack import Ports, running_stack
from bench.bare_start import BareStart
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
_L = table_of(LeadRow)


@dataclass(frozen=True, slots=True)
class StartPace:
    """How fast something went, and what one of it cost."""

    rate: float
    """Of them a second."""
    processor: float
    """Seconds of processor time for one: of this process and of Temporal's."""

    def beside(self, other: StartPace) -> tuple[float, float]:
        """How much of the other's rate this has: by the clock, and by processor time."""
        return self.rate / other.rate, other.processor / self.processor


@dataclass(frozen=True, slots=True)
class Launched:
    """A launch's rows, and bare starts."""

    rows: StartPace
    bare: StartPace
    """In the SDK's sandbox."""
    bare_in_ours: StartPace
    """In the sandbox that leads have."""


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
            bare = await _paced(_bare(stack.client, "bare", SandboxedWorkflowRunner()))
            rows = await _paced(_launch(stack.client, database, home))
            ours = await _paced(_bare(stack.client, "ours", sandbox("bench")))
        finally:
            database.close()
    return Launched(rows=rows, bare=bare, bare_in_ours=ours)


async def _paced(doing: Awaitable[None]) -> StartPace:
    """Do it for all rows, and measure it."""
    began, before = time.monotonic(), _processor()
    await doing
    spent = _processor() - before
    return StartPace(rate=ROWS / (time.monotonic() - began), processor=spent / ROWS)


def _processor() -> float:
    """Seconds of this process and of those that it started."""
    me = psutil.Process()
    times = [one.cpu_times() for one in (me, *me.children(recursive=True))]
    return sum(one.user + one.system for one in times)


async def _bare(client: Client, name: str, runner: WorkflowRunner) -> None:
    queue, took = f"{name}-starts", 0
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
            await client.start_workflow(BareStart.run, id=f"{name}-{number}", task_queue=queue)

    async with Worker(
        client,
        task_queue=queue,
        workflows=[BareStart],
        activities=[start_nothing],
        workflow_runner=runner,
    ):
        await asyncio.gather(*(start() for _ in range(_AT_ONCE)))
        async with asyncio.timeout(_PATIENCE):
            await done.wait()


async def _launch(client: Client, database: Database, home: Path) -> None:
    program = read_program(Path(__file__).with_name("reference.yaml"))
    SqlPrograms(database).publish(program)
    SqlDirectory(database).apply(PEOPLE)
    file, options = write_list(home, ROWS), ListOptions()
    with read_leads(file, program, None, options) as leads:
        launch = await asyncio.to_thread(
            lambda: store_launch(
                database, file, leads, program, options, conflict="keep", rate=10_000
            )
        )
    await LaunchRuns(client).start([launch])
    async with asyncio.timeout(_PATIENCE):
        # Rows tell nobody. A look costs processor time of this process, so it comes seldom.
        while (  # noqa: ASYNC110
            _turned(database) < ROWS or launch_of(database, launch.number).standing != "done"
        ):
            await asyncio.sleep(0.5)


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
