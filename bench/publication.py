"""A publication with 10,000 leads in flight, on the embedded stack.

The leads' rows are stored by the rules and the journal, as `bench.impact` makes them. They have no
workflows yet: a lead that is told, or acts, begins again from its row, which takes more time than a
lead that sleeps. `python -m bench.publication 100000` does the same with another number of leads,
and a second number is the rate of the publication.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx
import psutil
from temporalio.client import Client

from adapters.files.program import read_program
from adapters.reports.leads import SqlReports
from adapters.sql.database import Database, open_database
from adapters.sql.desk_sessions import SqlDeskSessions
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.sql.rollouts import SqlRollouts
from adapters.temporal.client import Leads
from adapters.temporal.rollouts import RolloutRuns
from assembly import logs
from assembly.settings import Settings
from assembly.stack import Ports, running_stack
from bench.impact import changed, store_lives
from bench.life import PEOPLE
from models.instants import whole_second
from models.rollout import RATE, Rollout
from usecases.publishing import LeadsInFlight, publish

LEADS = 10_000
_PROGRAM = Path(__file__).resolve().parents[1] / "programs" / "acme.yaml"
_BEYOND = 60.0
"""For so long the rest is told, after those that are due earlier (seconds)."""
_PATIENCE = 3_600.0
_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class ToldLeads:
    """What a publication took. All times are seconds."""

    leads: int
    returned: float
    """Until the command has returned, and every turn and mail goes by the new version."""
    earlier: int
    """How many leads were due earlier by it, or had something to do at once."""
    first: float
    """Until all of these were told."""
    looking: float
    """Processor time of this process and Temporal's until then, for each lead in flight."""
    rest: float
    """How many of the others were told a second."""
    act: float
    """An act on a lead meanwhile, the median."""
    slowest_act: float
    acts: int
    page: float
    """A manager's page of the desk meanwhile, the median."""


async def measure(home: Path, leads: int = LEADS, rate: float = RATE) -> ToldLeads:
    """Store the leads, publish at this rate (leads a second), and watch."""
    settings = Settings(home=home, database_url="", log_level="error")
    async with running_stack(settings, Ports()) as stack:
        database = open_database(stack.settings.database)
        try:
            program = read_program(_PROGRAM)
            SqlPrograms(database).publish(program)
            SqlDirectory(database).apply(PEOPLE)
            now = whole_second(datetime.now(UTC))
            await asyncio.to_thread(store_lives, database, program, leads, now)
            return await _published(stack.client, database, stack.gateway, leads, rate)
        finally:
            database.close()


async def _published(
    client: Client, database: Database, gateway: str, leads: int, rate: float
) -> ToldLeads:
    rollouts = SqlRollouts(database)
    new = changed(read_program(_PROGRAM))
    began, before = time.monotonic(), _processor()
    await asyncio.to_thread(
        publish, database, new, None, leads=LeadsInFlight(in_flight="migrate", rate=rate)
    )
    (rollout,) = rollouts.under_way()
    await RolloutRuns(client).start([rollout])
    returned = time.monotonic() - began
    acts: list[float] = []
    pages: list[float] = []
    using = asyncio.create_task(_used(client, database, gateway, acts, pages))
    try:
        told = await _until(rollouts, rollout, lambda one: one.sweep > 0)
        first, looking = time.monotonic() - began, (_processor() - before) / leads
        since = time.monotonic()
        await asyncio.sleep(_BEYOND)
        now = rollouts.rollout(rollout.number)
        rest = (now.sent - told.sent) / (time.monotonic() - since)
    finally:
        using.cancel()
    return ToldLeads(
        leads=leads,
        returned=returned,
        earlier=told.sent,
        first=first,
        looking=looking,
        rest=rest,
        act=median(acts) if acts else 0.0,
        slowest_act=max(acts, default=0.0),
        acts=len(acts),
        page=median(pages) if pages else 0.0,
    )


async def _until(
    rollouts: SqlRollouts, rollout: Rollout, reached: Callable[[Rollout], bool]
) -> Rollout:
    async with asyncio.timeout(_PATIENCE):
        while not reached(found := rollouts.rollout(rollout.number)):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)
    return found


async def _used(
    client: Client, database: Database, gateway: str, acts: list[float], pages: list[float]
) -> None:
    """Open a page and act on a lead, again and again, as people do meanwhile."""
    leads = Leads(client, SqlJournal(database))
    manager = next(iter(PEOPLE.teams.values())).manager or ""
    sessions = SqlDeskSessions(database)
    session = sessions.sign_in(sessions.invite(manager))
    names = [one.id for one in SqlReports(database).leads(limit=500)]
    async with httpx.AsyncClient(base_url=gateway, cookies={"leadflow": session or ""}) as http:
        for lead in names:
            began = time.monotonic()
            (await http.get("/desk/team")).raise_for_status()
            opened = time.monotonic()
            await leads.act(lead, "note", {"by": manager, "note": "called"})
            pages.append(opened - began)
            acts.append(time.monotonic() - opened)
            await asyncio.sleep(_LOOK)


def _processor() -> float:
    me = psutil.Process()
    times = [one.cpu_times() for one in (me, *me.children(recursive=True))]
    return sum(one.user + one.system for one in times)


async def _main(leads: int = LEADS, rate: float = RATE) -> None:
    with tempfile.TemporaryDirectory() as home:
        print(await measure(Path(home), leads, rate))


if __name__ == "__main__":
    logs.configure("console", "error")
    asyncio.run(_main(*map(int, sys.argv[1:])))
