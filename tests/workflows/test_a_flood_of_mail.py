"""More mail than can be sent at once: what is sent first, with one mail at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest
from temporalio.testing import WorkflowEnvironment

from models.envelopes import ProgramClock
from models.program.program import Program
from tests.fakes import FakeMailer
from tests.waiting import until
from tests.workflows.held_mailer import HeldMailer
from tests.workflows.worker_stack import WorkerStack, running_worker_stack

MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)


@dataclass(frozen=True)
class FloodedStack:
    """A stack whose mail to leads is held back."""

    stack: WorkerStack
    held: HeldMailer
    alerts: FakeMailer

    async def queue_mail(self, program: Program, name: str, count: int) -> None:
        """So many new leads, whose first mail waits in the queue."""
        ids = [f"{name}-{number}-{id(self)}" for number in range(count)]
        self.stack.world.programs.published[program.digest] = program
        for lead in ids:
            profile = {"email": f"{lead}@northwind.example", "employees": 900}
            assert await self.stack.leads.enrol(lead, program, profile)
        for lead in ids:
            await until(partial(self._waits, lead))

    async def _waits(self, lead: str) -> bool:
        described = await self.stack.handle(lead).describe()
        pending = described.raw_description.pending_activities
        return any(one.activity_type.name == "send_mail" for one in pending)

    def sent(self) -> list[str]:
        """The names of the leads whose mail was sent, in order."""
        return [one.to.partition("-")[0] for one in self.held.sent]


@pytest.fixture
async def flood(dev_server: WorkflowEnvironment) -> AsyncIterator[FloodedStack]:
    prefix = f"flood{datetime.now(UTC).timestamp():.0f}-"
    clock = ProgramClock(wall=datetime.now(UTC), program=MONDAY, speed=1)
    held, alerts = HeldMailer(), FakeMailer()
    async with running_worker_stack(
        dev_server.client, prefix, clock, mailer=held, alerts=alerts, mails_at_once=1
    ) as stack:
        yield FloodedStack(stack, held, alerts)
        held.open.set()


async def test_a_program_with_little_mail_does_not_wait_behind_one_with_much(
    flood: FloodedStack,
) -> None:
    much = flood.stack.program
    little = Program.model_validate({**much.model_dump(by_alias=True), "program": "little"})
    await flood.queue_mail(much, "much", 60)
    await flood.queue_mail(little, "little", 12)
    flood.held.open.set()
    await until(lambda: len(flood.held.sent) >= 72)
    sent = flood.sent()
    # The two take turns. A few went to the worker's poll before there was anything else.
    last = [place for place, name in enumerate(sent) if name == "little"][-1]
    assert sent[:last].count("much") <= 18, sent


async def test_an_alert_goes_out_while_all_mail_to_leads_is_stuck(flood: FloodedStack) -> None:
    await flood.queue_mail(flood.stack.program, "stuck", 12)
    lead = f"hot-{id(flood)}"
    profile = {"email": f"{lead}@northwind.example", "employees": 900}
    await flood.stack.leads.enrol(lead, flood.stack.program, profile)
    await flood.stack.leads.events(lead, [{"type": "form.submitted", "subject": "demo"}])
    await until(lambda: any(one.subject == "assigned" for one in flood.alerts.sent))
    assert flood.held.sent == []
