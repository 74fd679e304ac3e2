"""One installation for the tests of reconciling, with workers of this leadflow and an older one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from activities.ports import World
from adapters.delivery.catcher import Catcher
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads, workflow_id
from adapters.temporal.executions import LeadExecutions
from assembly.queues import turn_activities, working
from assembly.reconciling import reconciliation
from assembly.settings import Settings
from assembly.world import open_world
from models.envelopes import LeadRun, ProgramClock
from models.program.program import Program
from models.tables.columns import table_of
from models.tables.leads import TimelineEntry
from tests.waiting import until
from usecases.reconciling import Finding, Reconciliation
from workflows.commands import LEADS
from workflows.lead import LeadWorkflow

ROOT = Path(__file__).resolve().parents[2]
_E = table_of(TimelineEntry)


@workflow.defn(name="LeadWorkflow", sandboxed=False)
class OlderLead(LeadWorkflow):
    """A lead as an older leadflow might have run it: its second turn starts a timer too many."""

    @workflow.init
    def __init__(self, run: LeadRun) -> None:
        super().__init__(run)
        self._turns = 0

    @workflow.run
    async def run(self, run: LeadRun) -> None:
        await super().run(run)

    async def _turn(self) -> None:
        self._turns += 1
        if self._turns == 2:
            self._extra = asyncio.create_task(workflow.sleep(timedelta(hours=9)))
        await super()._turn()


@dataclass
class ReconciledSite:
    """One installation: its queues, its database, and workers that can be started and stopped."""

    client: Client
    settings: Settings
    world: World
    database: Database
    program: Program
    clock: ProgramClock | None = None
    running: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def leads(self) -> Leads:
        journal, prefix = SqlJournal(self.database), self.settings.queue_prefix
        return Leads(self.client, journal, prefix=prefix, clock=self.clock)

    @property
    def reconciliation(self) -> Reconciliation:
        return reconciliation(self.client, self.settings, self.database)

    async def work(self) -> None:
        """Start a worker."""
        await self.running.enter_async_context(working(self.client, self.settings, self.world))

    async def stop(self) -> None:
        """Stop the worker."""
        await self.running.aclose()

    def older_worker(self) -> AbstractAsyncContextManager[None]:
        """A worker of an older leadflow, for turns alone."""
        return self.turns_worker(OlderLead)

    @asynccontextmanager
    async def turns_worker(self, lead: type[LeadWorkflow] = LeadWorkflow) -> AsyncIterator[None]:
        """A worker for turns alone: no mail and no alert is begun."""
        turns = turn_activities(self.world)
        with ThreadPoolExecutor(2) as threads:
            async with Worker(
                self.client,
                task_queue=self.settings.queue_prefix + LEADS,
                workflows=[lead],
                activities=[turns.turn],
                activity_executor=threads,
            ):
                yield

    async def create_lead(
        self, task_timeout: timedelta | None = None, *, begins: str = "o'r"
    ) -> str:
        """A new lead that has taken its first turn. A short task timeout makes it fail soon."""
        lead = f"{begins}{uuid.uuid4().hex[:10]}"
        profile = {"email": f"{uuid.uuid4().hex[:10]}@northwind.example", "employees": 900}
        if task_timeout is None:
            assert await self.leads.enrol(lead, self.program, profile)
        else:
            await self.client.start_workflow(
                LeadWorkflow.run,
                LeadRun(lead=lead, digest=self.program.digest, profile=profile),
                id=workflow_id(lead),
                task_queue=self.settings.queue_prefix + LEADS,
                task_timeout=task_timeout,
            )
        await until(lambda: self.kinds(lead))
        return lead

    def kinds(self, lead: str) -> list[str]:
        query = sa.select(_E.c.kind).where(_E.c.lead == lead).order_by(_E.c.seq)
        with self.database.read() as connection:
            return list(connection.scalars(query))

    def entries(self, lead: str, kind: str) -> list[tuple[datetime, dict[str, Any]]]:
        query = sa.select(_E.c.at, _E.c.fields).where(_E.c.lead == lead, _E.c.kind == kind)
        with self.database.read() as connection:
            return [(row.at, row.fields) for row in connection.execute(query)]

    async def findings_of(self, lead: str, **how: Any) -> list[Finding]:
        """What a comparison says of this lead."""
        compared = await self.reconciliation.compare(**how)
        return [one for one in compared.found if one.lead == lead]

    async def until_ended(self, lead: str) -> None:
        """Wait until the workflow is not listed as running."""
        executions = LeadExecutions(self.client, prefix=self.settings.queue_prefix)

        async def listed() -> bool:
            return bool(await executions.not_running([lead]))

        await until(listed)


@asynccontextmanager
async def reconciled_site(client: Client, home: Path) -> AsyncIterator[ReconciledSite]:
    """An installation with a mailbox and the shipped program; no worker runs yet."""
    with Catcher(home / "mail", 0, None) as catcher:
        settings = Settings(
            home=home,
            database_url="",
            queue_prefix=f"rec{uuid.uuid4().hex[:8]}-",
            smtp_port=catcher.port,
        )
        migrate(settings.database)
        database = open_database(settings.database)
        program = read_program(ROOT / "programs" / "acme.yaml")
        SqlPrograms(database).publish(program)
        SqlDirectory(database).apply(read_directory(ROOT / "programs" / "teams.yaml"))
        with open_world(settings) as world:
            one = ReconciledSite(client, settings, world, database, program)
            try:
                yield one
            finally:
                await one.stop()
                database.close()
