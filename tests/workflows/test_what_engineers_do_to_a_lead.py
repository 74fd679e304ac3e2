"""What an engineer can do to a lead in Temporal's pages, and what the lead does then."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    RespondActivityTaskCompletedByIdRequest,
    RespondActivityTaskFailedByIdRequest,
)
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from adapters.temporal.client import LeadNotFoundError, Leads
from models.decision import Entry
from models.envelopes import ProgramClock
from tests.waiting import until
from tests.workflows.held_mailer import HeldMailer
from tests.workflows.worker_stack import WorkerStack, running_worker_stack

MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
MORGAN, RILEY = "morgan@acme.example", "riley@acme.example"


@dataclass(frozen=True)
class HeldStack:
    """A stack whose mail to leads is held back until `mailer.open` is set."""

    stack: WorkerStack
    mailer: HeldMailer
    alerts: HeldMailer

    async def pending_activity(self, lead: str, kind: str = "send_mail") -> str:
        """The id of the activity of this kind that a lead waits for."""

        async def pending() -> str | None:
            described = await self.stack.handle(lead).describe()
            found = described.raw_description.pending_activities
            return next((one.activity_id for one in found if one.activity_type.name == kind), None)

        return str(await until(pending))

    async def create_lead(self) -> str:
        """A new lead whose first mail is held."""
        lead = f"h{uuid.uuid4().hex[:12]}"
        profile = {"email": f"{lead}@northwind.example", "employees": 900}
        assert await self.stack.leads.enrol(lead, self.stack.program, profile)
        await self.pending_activity(lead)
        return lead

    def mail_entries(self, lead: str) -> list[Entry]:
        """The entries about the lead's mails."""
        kinds = ("email_sent", "email_failed", "email_skipped")
        return [one for one in self.stack.world.journal.entries[lead] if one.kind in kinds]


@pytest.fixture
async def held(dev_server: WorkflowEnvironment) -> AsyncIterator[HeldStack]:
    mailer, alerts = HeldMailer(), HeldMailer()
    prefix = f"held{uuid.uuid4().hex[:8]}-"
    clock = ProgramClock(wall=datetime.now(UTC), program=MONDAY, speed=1)
    async with running_worker_stack(
        dev_server.client, prefix, clock, mailer=mailer, alerts=alerts
    ) as stack:
        yield HeldStack(stack, mailer, alerts)
        mailer.open.set()
        alerts.open.set()


async def _reset(stack: WorkerStack, lead: str) -> None:
    """Reset a lead to its first workflow task."""
    history = await stack.handle(lead).fetch_history()
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    first = next(one.event_id for one in history.events if one.event_type == completed)
    await stack.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=stack.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=f"lead/{lead}"),
            reason="test",
            workflow_task_finish_event_id=first,
            request_id=uuid.uuid4().hex,
        )
    )


def _entries(stack: WorkerStack, lead: str) -> list[Entry]:
    return list(stack.world.journal.entries[lead])


async def test_a_worked_lead_that_is_reset_keeps_its_timeline_and_goes_on(
    stack: WorkerStack,
) -> None:
    lead = await stack.create_lead()
    hand = {"id": "hand", "type": "form.submitted", "subject": "demo"}
    await stack.leads.events(lead, [hand])
    await until(lambda: stack.world.journal.states[lead].owner)
    acts: dict[str, dict[str, Any]] = {"accept": {}, "touch": {"channel": "call"}}
    for do, more in acts.items():
        await stack.leads.act(lead, do, {"by": RILEY, **more})
    await stack.until_settled(lead)
    before, stage = _entries(stack, lead), stack.world.journal.states[lead].stage
    mails = len(stack.world.mailer.sent)
    await _reset(stack, lead)
    await until(lambda: stack.world.journal.entries_of(lead, "resumed_from_journal"))
    await stack.leads.act(lead, "note", {"by": MORGAN, "note": "after the reset"})
    standing = await stack.until_settled(lead)
    after = _entries(stack, lead)
    assert after[: len(before)] == before
    assert stack.world.journal.states[lead].stage == stage == standing["stage"] == "sal"
    assert len(stack.world.journal.entries_of(lead, "resumed_from_journal")) == 1
    assert [one.fields["note"] for one in stack.world.journal.entries_of(lead, "noted")] == [
        "after the reset"
    ]
    # The inputs that the reset replayed are recognised as repeated.
    new = [one for one in after[len(before) :] if one.kind not in ("noted", "resumed_from_journal")]
    assert {one.kind for one in new} <= {"ignored"}
    assert len(stack.world.mailer.sent) == mails


async def test_a_lead_can_be_reset_again_and_again(stack: WorkerStack) -> None:
    lead = await stack.create_lead()

    def resumptions() -> int:
        return len(stack.world.journal.entries_of(lead, "resumed_from_journal"))

    for number in range(3):
        await stack.leads.act(lead, "note", {"by": MORGAN, "note": f"note {number}"})
        before = resumptions()
        await _reset(stack, lead)
        await until(partial(lambda known: resumptions() > known, before))
        await stack.until_settled(lead)
    notes = [one.fields["note"] for one in stack.world.journal.entries_of(lead, "noted")]
    assert notes == ["note 0", "note 1", "note 2"]
    assert resumptions() == 3
    seqs = [one.seq for one in _entries(stack, lead)]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("how", ["terminate", "cancel"])
async def test_a_lead_that_was_ended_requests_the_mail_that_was_being_sent_again(
    held: HeldStack, how: str
) -> None:
    stack = held.stack
    lead = await held.create_lead()
    await (stack.handle(lead).terminate() if how == "terminate" else stack.handle(lead).cancel())
    await _until_ended(stack, lead)
    await stack.leads.act(lead, "note", {"by": MORGAN, "note": "come back"})
    held.mailer.open.set()
    (entry,) = await until(lambda: held.mail_entries(lead))
    # The interrupted try has the claim, and its outcome may be unknown.
    assert entry.kind == "email_sent" or entry.fields["why"] == "unknown_outcome"
    await stack.until_settled(lead)
    assert len(held.mailer.to(f"{lead}@northwind.example")) == 1
    assert stack.world.journal.entries_of(lead, "resumed_from_journal")


async def test_a_lead_that_was_ended_requests_the_alert_that_was_being_sent_again(
    held: HeldStack,
) -> None:
    stack = held.stack
    held.mailer.open.set()
    lead = await stack.create_lead()
    await stack.leads.events(lead, [{"type": "form.submitted", "subject": "demo"}])
    await held.pending_activity(lead, "alert")
    await stack.handle(lead).terminate()
    held.stack.world.mail_ledger.claims.clear()  # as if the server had been away
    held.alerts.open.set()
    before = len(held.alerts.to(RILEY))
    await stack.leads.act(lead, "note", {"by": MORGAN, "note": "come back"})
    await until(lambda: len(held.alerts.to(RILEY)) > before)
    await stack.until_settled(lead)


async def _until_ended(stack: WorkerStack, lead: str) -> None:
    async def ended() -> bool:
        return (await stack.leads.describe(lead)).status is not WorkflowExecutionStatus.RUNNING

    await until(ended)


@pytest.mark.parametrize("answer", ["failed", "nonsense", "another encoding"])
async def test_a_mail_that_is_ended_by_hand_has_an_outcome_and_the_lead_goes_on(
    held: HeldStack, answer: str
) -> None:
    stack = held.stack
    lead = await held.create_lead()
    where: dict[str, Any] = {
        "namespace": stack.client.namespace,
        "workflow_id": f"lead/{lead}",
        "activity_id": await held.pending_activity(lead),
    }
    service = stack.client.workflow_service
    if answer == "failed":
        await service.respond_activity_task_failed_by_id(
            RespondActivityTaskFailedByIdRequest(**where, failure=Failure(message="by hand"))
        )
    else:
        encoding = b"json/plain" if answer == "nonsense" else b"by/hand"
        payload = Payload(metadata={"encoding": encoding}, data=b'"done"')
        await service.respond_activity_task_completed_by_id(
            RespondActivityTaskCompletedByIdRequest(**where, result=Payloads(payloads=[payload]))
        )
    (entry,) = await until(lambda: held.mail_entries(lead))
    assert (entry.kind, entry.fields["why"]) == ("email_failed", "unknown_outcome")
    await stack.leads.act(lead, "note", {"by": MORGAN, "note": "alive"})
    held.mailer.open.set()
    await stack.until_settled(lead)
    assert len(held.mail_entries(lead)) == 1


@pytest.mark.parametrize("contact", ["enrol", "event", "act"])
async def test_a_lead_that_was_terminated_before_its_first_turn_can_be_created_again(
    stack: WorkerStack, contact: str
) -> None:
    unserved = Leads(stack.client, stack.world.journal, prefix="unserved-")
    lead = f"early{uuid.uuid4().hex[:8]}"
    profile = {"email": f"{lead}@northwind.example", "employees": 900}
    assert await unserved.enrol(lead, stack.program, profile)
    await stack.handle(lead).terminate()
    if contact == "enrol":
        assert await stack.leads.enrol(lead, stack.program, profile)
    elif contact == "event":
        await stack.leads.events(lead, [{"type": "page.viewed", "subject": "/pricing"}])
        await stack.until_events(lead, 1)
    else:
        await stack.leads.act(lead, "note", {"by": MORGAN, "note": "hello"})
    await stack.until_settled(lead)
    assert len(stack.world.journal.entries_of(lead, "created")) == 1
    assert not await stack.leads.enrol(lead, stack.program, profile)
    with pytest.raises(LeadNotFoundError):
        await stack.leads.act("never-there", "note", {"by": MORGAN, "note": "hello"})


async def test_a_lead_whose_workflow_was_deleted_is_opened_again_from_its_row(
    stack: WorkerStack,
) -> None:
    """As retention does it: nothing of the workflow is left in Temporal."""
    lead = await stack.create_mql()
    before = _entries(stack, lead)
    await stack.handle(lead).terminate()
    await _delete(stack, lead)
    await stack.leads.act(lead, "accept", {"by": RILEY})
    await stack.until_settled(lead)
    after = _entries(stack, lead)
    assert after[: len(before)] == before
    assert [one.kind for one in after[len(before) :]][:2] == ["resumed_from_journal", "accepted"]


async def test_an_event_older_than_a_reopened_lead_remembers_counts_once(
    stack: WorkerStack,
) -> None:
    lead = await stack.create_lead()
    events = [{"id": f"e{n}", "type": "page.viewed", "subject": "/about"} for n in range(1_050)]
    for begin in (0, 350, 700):
        await stack.leads.events(lead, events[begin : begin + 350])
    await stack.until_events(lead, 1_050)
    await stack.until_settled(lead)
    await stack.handle(lead).terminate()
    await _until_ended(stack, lead)
    await stack.leads.events(lead, [events[0], events[-1], {**events[0], "id": "new"}])
    await stack.until_events(lead, 1_051)
    ignored = stack.world.journal.entries_of(lead, "ignored")
    assert [(one.fields["event"], one.fields["why"]) for one in ignored] == [
        ("e0", "duplicate"),
        ("e1049", "duplicate"),
    ]


async def _delete(stack: WorkerStack, lead: str) -> None:
    await stack.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=stack.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=f"lead/{lead}"),
        )
    )

    async def gone() -> bool:
        try:
            await stack.leads.describe(lead)
        except LeadNotFoundError:
            return True
        return False

    await until(gone, 60)
