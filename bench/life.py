"""The reference life: through the real worker, journal and SMTP, on the embedded server.

A recipient reads a mail when it arrives by SMTP; an owner acts when the alert arrives. Nobody
queries the workflow meanwhile, because a query during a turn adds events to its history.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle

from adapters.files.program import read_program
from adapters.sql.database import open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads, workflow_id
from assembly.settings import Settings
from assembly.stack import Ports, running_stack
from models.directory import Directory
from models.envelopes import ProgramClock
from models.program.program import Program

MAILS, EVENTS = 5, 6
ACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("accept", {}),
    ("touch", {"channel": "call"}),
    ("qualify", {}),
    ("open_opportunity", {"amount": 24_000, "currency": "USD"}),
    ("win", {}),
)
RILEY = "riley@acme.example"
PEOPLE = Directory.model_validate(
    {"teams": {"sdr": {"manager": "morgan@acme.example", "members": [{"email": RILEY}]}}}
)
PROFILE = {
    "first_name": "Ana",
    "last_name": "Smith",
    "company": "Northwind",
    "title": "VP Sales",
    "employees": 900,
    "country": "US",
}
BEGINS = datetime(2026, 3, 2, 14, tzinfo=UTC)
_PATIENCE = 120.0

Settle = Callable[[], Awaitable[None]]


class Post:
    """The mail that has arrived, by lead."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._boxes: dict[str, asyncio.Queue[None]] = collections.defaultdict(asyncio.Queue)

    def __call__(self, mail: EmailMessage) -> None:
        """Take a mail; called from the catcher's thread."""
        lead = mail["X-Leadflow-Lead"] or str(mail["To"]).partition("@")[0]
        self.note(str(lead))

    def note(self, lead: str) -> None:
        """Something for this lead arrived; called from any thread."""
        self._loop.call_soon_threadsafe(lambda: self._boxes[lead].put_nowait(None))

    async def arrival(self, lead: str) -> None:
        """Wait for the next thing that arrives for a lead."""
        async with asyncio.timeout(_PATIENCE):
            await self._boxes[lead].get()


@dataclass(frozen=True, slots=True)
class LifeSite:
    """What a life needs."""

    client: Client
    leads: Leads
    program: Program
    post: Post

    def handle(self, lead: str) -> WorkflowHandle[Any, Any]:
        """The workflow of a lead."""
        return self.client.get_workflow_handle(workflow_id(lead))


@asynccontextmanager
async def site(home: Path, days_a_second: float) -> AsyncIterator[LifeSite]:
    """The whole stack, with the reference program published."""
    post = Post()
    settings = Settings(home=home, database_url="")
    async with running_stack(settings, Ports(), on_mail=post) as stack:
        program = read_program(Path(__file__).with_name("reference.yaml"))
        database = open_database(stack.settings.database)
        try:
            SqlPrograms(database).publish(program)
            SqlDirectory(database).apply(PEOPLE)
            clock = ProgramClock(
                wall=datetime.now(UTC), program=BEGINS, speed=86_400 * days_a_second
            )
            leads = Leads(stack.client, SqlJournal(database), clock=clock)
            yield LifeSite(stack.client, leads, program, post)
        finally:
            database.close()


async def _at_once() -> None:
    """Do not wait."""


async def live(site: LifeSite, lead: str, settle: Settle = _at_once) -> None:
    """Live one reference life to its end; `settle` is awaited after everything that happens."""
    await site.leads.enrol(lead, site.program, {"email": f"{lead}@bench.example", **PROFILE})
    for number in range(EVENTS):
        if number < MAILS:
            await site.post.arrival(lead)
            await settle()
        viewed = {"id": f"view-{number}", "type": "page.viewed", "subject": f"/pages/{number}"}
        await site.leads.events(lead, [viewed])
        await settle()
    for _ in ("assigned", "reminded"):
        await site.post.arrival(lead)
        await settle()
    for do, fields in ACTS:
        await site.leads.act(lead, do, {"by": RILEY, **fields})
        await settle()
    await site.handle(lead).result()


@dataclass(frozen=True, slots=True)
class History:
    """How long the history of one life is, over all its runs."""

    events: int
    bytes: int
    kinds: collections.Counter[str]
    bytes_of: collections.Counter[str]


async def history(client: Client, lead: str) -> History:
    """Count the events of all runs of a lead."""
    kinds: collections.Counter[str] = collections.Counter()
    sizes: collections.Counter[str] = collections.Counter()
    runs = [run async for run in client.list_workflows(f"WorkflowId = '{workflow_id(lead)}'")]
    for run in runs:
        handle = client.get_workflow_handle(workflow_id(lead), run_id=run.run_id)
        async for event in handle.fetch_history_events():
            kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower()
            kinds[kind] += 1
            sizes[kind] += event.ByteSize()
    return History(sum(kinds.values()), sum(sizes.values()), kinds, sizes)


async def reference_history(home: Path) -> History:
    """Live one life, everything by itself, and measure its history."""
    async with site(home, days_a_second=1) as there:

        async def settle() -> None:
            """Wait until the history has not grown for a moment; asking for that adds nothing."""
            length, still = 0, 0
            while still < 3:
                now = (await there.leads.describe("ana")).history_length
                length, still = now, still + 1 if now == length else 0
                await asyncio.sleep(0.05)

        await live(there, "ana", settle)
        async with asyncio.timeout(_PATIENCE):
            while True:  # the server lists a run a moment after it ended
                found = await history(there.client, "ana")
                if found.kinds["workflow_execution_completed"]:
                    return found
                await asyncio.sleep(0.1)
