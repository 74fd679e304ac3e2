from __future__ import annotations

import asyncio

import pytest
from temporalio.client import WorkflowExecutionStatus

from models.refusal import RefusedError
from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack

MORGAN = "morgan@acme.example"


async def _close_a_lead(stack: WorkerStack) -> str:
    lead = await stack.create_lead()
    await stack.leads.act(lead, "disqualify", {"by": MORGAN, "reason": "no_interest", "id": "d-1"})
    await _until_completed(stack, lead)
    return lead


async def _until_completed(stack: WorkerStack, lead: str) -> None:
    async def completed() -> bool:
        status = (await stack.leads.describe(lead)).status
        return status is WorkflowExecutionStatus.COMPLETED

    await until(completed)


async def test_a_closed_lead_completes_its_workflow(stack: WorkerStack) -> None:
    lead = await _close_a_lead(stack)
    assert stack.world.journal.states[lead].closed


async def test_an_event_on_a_closed_lead_is_recorded(stack: WorkerStack) -> None:
    lead = await _close_a_lead(stack)
    event = {"id": "late-1", "type": "page.viewed", "subject": "/pricing"}
    await stack.leads.events(lead, [event])
    await stack.until_events(lead, 1)
    await _until_completed(stack, lead)
    await stack.leads.events(lead, [event])
    await until(lambda: stack.world.journal.entries_of(lead, "ignored"))
    assert len(stack.world.journal.entries_of(lead, "event")) == 1
    assert stack.world.journal.states[lead].stage == "disqualified"


async def test_an_act_on_a_closed_lead_is_answered(stack: WorkerStack) -> None:
    lead = await _close_a_lead(stack)
    with pytest.raises(RefusedError):
        await stack.leads.act(lead, "accept", {"by": MORGAN})
    await stack.leads.act(lead, "note", {"by": MORGAN, "note": "called anyway"})
    await stack.leads.act(lead, "disqualify", {"by": MORGAN, "reason": "no_interest", "id": "d-1"})
    assert len(stack.world.journal.entries_of(lead, "noted")) == 1
    assert len(stack.world.journal.entries_of(lead, "disqualified")) == 1
    await _until_completed(stack, lead)


async def test_a_closed_lead_is_not_enrolled_again(stack: WorkerStack) -> None:
    lead = await _close_a_lead(stack)
    assert not await stack.leads.enrol(lead, stack.program, {"email": "x@y.example"})


async def test_acts_sent_while_a_lead_closes_are_all_answered_once(stack: WorkerStack) -> None:
    lead = await stack.create_lead()
    await asyncio.gather(
        stack.leads.act(lead, "disqualify", {"by": MORGAN, "reason": "no_interest"}),
        *(
            stack.leads.act(lead, "note", {"by": MORGAN, "note": f"note {number}"})
            for number in range(20)
        ),
    )
    noted = [one.fields["note"] for one in stack.world.journal.entries_of(lead, "noted")]
    assert sorted(noted) == sorted(f"note {number}" for number in range(20))
