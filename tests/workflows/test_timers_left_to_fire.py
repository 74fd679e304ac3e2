"""A timer that may fire at any moment is left to fire; one that is far ahead is cancelled."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.testing import WorkflowEnvironment

from models.envelopes import ProgramClock
from tests.replay.random_lives import failed_replays
from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack, running_worker_stack

CANCELLED, FIRED = "timer_canceled_event_attributes", "timer_fired_event_attributes"


@pytest.fixture
async def quick(dev_server: WorkflowEnvironment) -> AsyncIterator[WorkerStack]:
    """Leads that start on a Monday morning in New York; twenty minutes pass in a second."""
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    clock = ProgramClock(wall=datetime.now(UTC), program=monday, speed=1200)
    prefix = f"quick{uuid.uuid4().hex[:8]}-"
    async with running_worker_stack(dev_server.client, prefix, clock) as one:
        yield one


async def _count(stack: WorkerStack, lead: str, attributes: str) -> int:
    history = await stack.handle(lead).fetch_history()
    return sum(one.HasField(attributes) for one in history.events)  # type: ignore[arg-type]


async def _accept(stack: WorkerStack, lead: str) -> int:
    """Accept a lead, so that another deadline is next. How many timers were cancelled by it."""
    before = await _count(stack, lead, CANCELLED)
    owner = stack.world.journal.states[lead].owner
    await stack.leads.act(lead, "accept", {"by": owner, "id": "accepts"})
    await stack.until_settled(lead)
    return await _count(stack, lead, CANCELLED) - before


async def test_a_deadline_that_was_met_hours_before_it_is_cancelled(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    assert await _accept(stack, lead) == 1
    assert await failed_replays([await stack.handle(lead).fetch_history()], None) == []


async def test_a_deadline_that_was_met_just_before_it_fires_and_nothing_comes_of_it(
    quick: WorkerStack,
) -> None:
    lead = await quick.create_mql()
    assert await _accept(quick, lead) == 0
    entries = len(quick.world.journal.entries[lead])
    fired = await _count(quick, lead, FIRED)

    async def fires() -> bool:
        return await _count(quick, lead, FIRED) > fired

    await until(fires)
    await quick.until_settled(lead)
    later = quick.world.journal.entries[lead][entries:]
    assert "accept" not in {one.fields.get("clock") for one in later}
    assert await failed_replays([await quick.handle(lead).fetch_history()], None) == []
