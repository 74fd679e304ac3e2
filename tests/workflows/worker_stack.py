"""Leads on a real server with the real rules, over ports in memory."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle

from activities.ports import AlertQueue
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.temporal.client import Leads, workflow_id
from assembly.queues import working
from assembly.settings import Settings
from models.decision import Entry
from models.envelopes import ProgramClock
from models.program.program import Program
from tests.fakes import FakeJournal, FakeMailer, FakePeople, FakePrograms, FakeWorld
from tests.waiting import until

PROGRAMS = Path(__file__).resolve().parents[2] / "programs"


@dataclass(frozen=True)
class WorkerStack:
    """A client, its leads, and the fake ports of the worker."""

    client: Client
    leads: Leads
    world: FakeWorld
    program: Program
    clock: ProgramClock | None = None

    async def create_lead(self, **profile: Any) -> str:
        """A new lead that has taken its first turns; its id."""
        lead = f"t{uuid.uuid4().hex[:12]}"
        fields = {"email": f"{lead}@northwind.example", "employees": 900} | profile
        assert await self.leads.enrol(lead, self.program, fields)
        await self.until_settled(lead)
        return lead

    async def create_mql(self, **profile: Any) -> str:
        """A new lead that raised its hand and has an owner."""
        lead = await self.create_lead(**profile)
        await self.leads.events(lead, [{"type": "form.submitted", "subject": "demo"}])
        await until(lambda: self.world.journal.states[lead].owner)
        await self.until_settled(lead)
        return lead

    async def until_events(self, lead: str, count: int) -> None:
        """Wait until so many events stand on a lead's timeline."""
        await until(lambda: len(self.world.journal.entries_of(lead, "event")) == count)

    async def malformed_entry(self, lead: str) -> Entry:
        """The entry about a malformed input, as soon as it is recorded."""

        def malformed_entry() -> Entry | None:
            found = [one for one in self.world.journal.entries[lead] if one.fields.get("why")]
            return next((one for one in found if one.fields["why"] == "malformed"), None)

        entry: Entry = await until(malformed_entry)
        return entry

    async def until_settled(self, lead: str) -> dict[str, Any]:
        """The lead's answer to `standing`, as soon as nothing is left to do for it now."""

        async def settled() -> Any:
            standing = await self.leads.standing(lead)
            return standing if standing["settled"] else None

        found: dict[str, Any] = await until(settled)
        return found

    def handle(self, lead: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id(lead))


@asynccontextmanager
async def running_worker_stack(
    client: Client,
    prefix: str,
    clock: ProgramClock | None = None,
    *,
    mailer: FakeMailer | None = None,
    alerts: FakeMailer | None = None,
    journal: FakeJournal | None = None,
    alert_queue: AlertQueue | None = None,
    **settings: Any,
) -> AsyncIterator[WorkerStack]:
    """A worker with the real rules over ports in memory, and leads on its queues.

    `settings` are the worker's.
    """
    program = read_program(PROGRAMS / "acme.yaml")
    world = FakeWorld(
        programs=FakePrograms({program.digest: program}),
        people=FakePeople(read_directory(PROGRAMS / "teams.yaml")),
        mailer=mailer or FakeMailer(),
        alerts=alerts,
        alert_queue=alert_queue,
        journal=journal or FakeJournal(),
    )
    leads = Leads(client, world.journal, prefix=prefix, clock=clock)
    async with working(client, Settings(queue_prefix=prefix, **settings), world.ports):
        yield WorkerStack(client=client, leads=leads, world=world, program=program, clock=clock)
