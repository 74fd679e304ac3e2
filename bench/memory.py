"""Resident memory of a worker, a process of its own, with thousands of open leads."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa

from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from adapters.temporal.embedded import EmbeddedServer
from assembly.settings import Settings
from bench.life import PEOPLE, PROFILE
from models.tables.columns import table_of
from models.tables.leads import LeadRow

LEADS = 5_000
_SECONDS = 180.0
"""How long leads are enrolled; on a busy machine fewer are measured."""
_AT_ONCE = 30
_ROOT = Path(__file__).resolve().parent.parent
_L = table_of(LeadRow)


@dataclass(frozen=True, slots=True)
class Memory:
    """What a worker holds, in bytes, when it is idle."""

    leads: int
    before: int
    after: int
    kept: int
    """Leads that it keeps awake at most."""


async def measure(home: Path) -> Memory:
    """Enrol leads that wait for months, and look at the worker."""
    settings = Settings(home=home, database_url="")
    await asyncio.to_thread(migrate, settings.database)
    database = open_database(settings.database)
    try:
        program = read_program(Path(__file__).with_name("reference.yaml"))
        SqlPrograms(database).publish(program)
        SqlDirectory(database).apply(PEOPLE)
        async with EmbeddedServer(home, port=0, ui_port=0) as server:
            leads = Leads(server.client, SqlJournal(database))
            async with _worker(home, server.address) as process:
                before = process.memory_info().rss
                deadline = time.monotonic() + _SECONDS
                numbers = iter(range(LEADS))

                async def enrol() -> int:
                    done = 0
                    for number in numbers:
                        if time.monotonic() > deadline:
                            break
                        email = f"lead{number}@bench.example"
                        profile = {"email": email, **PROFILE, "source": "patient"}
                        await leads.enrol(f"lead{number}", program, profile)
                        done += 1
                    return done

                enrolled = sum(await asyncio.gather(*(enrol() for _ in range(_AT_ONCE))))
                opened = await _opened(database, enrolled, deadline)
                after = process.memory_info().rss
    finally:
        database.close()
    return Memory(opened, before, after, settings.leads_in_memory)


async def _opened(database: Database, enrolled: int, deadline: float) -> int:
    """How many leads have taken their first turn, when all have or the time is up."""
    while True:
        with database.read() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(_L)) or 0
        if count == enrolled or time.monotonic() > deadline:
            return count
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _worker(home: Path, address: str) -> AsyncIterator[psutil.Process]:
    env = os.environ | {"TEMPORAL_ADDRESS": address, "LEADFLOW_HOME": str(home)}
    log = home / "worker.log"
    with log.open("wb") as out:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "worker.py", cwd=_ROOT, env=env, stdout=out, stderr=out
        )
    try:
        async with asyncio.timeout(30):
            while "worker ready" not in log.read_text():
                if child.returncode is not None:
                    raise RuntimeError(f"the worker ended: {log.read_text()[-500:]}")
                await asyncio.sleep(0.1)
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        await asyncio.wait_for(child.wait(), 30)
