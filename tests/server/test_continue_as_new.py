"""Continue-as-new on a server that suggests it at 50 events of history, not at 300."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from adapters.temporal.embedded import search_attributes, shipped
from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack, running_worker_stack

RILEY = "riley@acme.example"


@pytest.fixture(scope="session")
async def short() -> AsyncIterator[WorkerStack]:
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=shipped("temporal"),
        dev_server_log_level="never",
        dev_server_extra_args=[
            *search_attributes(),
            *("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=50"),
        ],
    )
    async with running_worker_stack(environment.client, "short-") as stack:
        yield stack
    await environment.shutdown()
    await asyncio.sleep(0.3)


async def _runs(stack: WorkerStack, lead: str) -> int:
    count = 0
    async for _ in stack.client.list_workflows(f"WorkflowId = 'lead/{lead}'"):
        count += 1
    return count


async def test_a_burst_loses_nothing_and_does_nothing_twice(short: WorkerStack) -> None:
    lead = await short.create_mql()
    await short.leads.act(lead, "accept", {"by": RILEY})

    async def send_event(number: int) -> None:
        event = {"id": f"e-{number}", "type": "page.viewed", "subject": f"/{number}"}
        await short.leads.events(lead, [event])

    async def touch(number: int) -> None:
        fields = {"by": RILEY, "note": f"n-{number}", "channel": "call"}
        await short.leads.act(lead, "note", fields)

    async def sign(number: int) -> None:
        await short.handle(lead).signal("note", {"by": RILEY, "note": f"s-{number}"})

    for wave in range(5):
        numbers = range(wave * 20, wave * 20 + 20)
        await asyncio.gather(*(do(n) for n in numbers for do in (send_event, touch, sign)))
    await until(lambda: len(short.world.journal.entries_of(lead, "noted")) >= 200)
    await until(lambda: len(short.world.journal.entries_of(lead, "event")) >= 101)
    await short.until_settled(lead)
    assert await _runs(short, lead) > 3
    notes = Counter(one.fields["note"] for one in short.world.journal.entries_of(lead, "noted"))
    assert notes == Counter(f"{kind}-{n}" for kind in "ns" for n in range(100))
    seen = Counter(one.fields["event"] for one in short.world.journal.entries_of(lead, "event"))
    assert {f"e-{number}": 1 for number in range(100)}.items() <= seen.items()
    seqs = [one.seq for one in short.world.journal.entries[lead]]
    assert seqs == sorted(set(seqs))


async def _grow(stack: WorkerStack, lead: str, runs: int) -> None:
    """Send a lead inputs until its workflow has had so many runs."""
    number = 0
    while await _runs(stack, lead) < runs:
        number += 1
        assert number < 200, "the workflow never continued as new"
        await stack.leads.act(lead, "note", {"by": RILEY, "note": f"grow {runs} {number}"})


async def test_the_next_run_remembers_the_ids_of_inputs(short: WorkerStack) -> None:
    lead = await short.create_mql()
    event = {"id": "once", "type": "page.viewed", "subject": "/pricing"}
    note = {"id": "note-1", "by": RILEY, "note": "once"}
    await short.leads.events(lead, [event])
    await short.leads.act(lead, "note", note)
    await _grow(short, lead, 3)
    await short.leads.events(lead, [event])
    await short.leads.act(lead, "note", note)
    await until(lambda: short.world.journal.entries_of(lead, "ignored"))
    notes = [one.fields["note"] for one in short.world.journal.entries_of(lead, "noted")]
    assert notes.count("once") == 1


async def test_the_next_run_shows_its_details_and_keeps_its_timer(short: WorkerStack) -> None:
    lead = await short.create_mql()
    before = (await short.until_settled(lead))["wake"]
    await _grow(short, lead, 2)
    metadata: Any = await short.handle(lead).query("__temporal_workflow_metadata")
    assert "**stage** mql" in metadata.current_details
    assert (await short.until_settled(lead))["wake"] == before
    history = await short.handle(lead).fetch_history()
    assert any(one.HasField("timer_started_event_attributes") for one in history.events)


async def test_a_flood_is_taken_in_before_the_workflow_continues_as_new(short: WorkerStack) -> None:
    """Waiting inputs are carried into the next run, and Temporal accepts at most 2 MB of them.

    Four megabytes wait here.
    """
    lead = await short.create_mql()

    async def flood(signal: int) -> None:
        numbers = range(signal * 40, signal * 40 + 40)
        data = {"text": "x" * 2_500}
        await short.leads.events(
            lead, [{"id": f"f-{n}", "type": "page.viewed", "data": data} for n in numbers]
        )

    await asyncio.gather(*(flood(signal) for signal in range(40)))
    entries_of = short.world.journal.entries_of

    def flooded() -> bool:
        ids = {one.fields["event"] for one in entries_of(lead, "event")}
        return {f"f-{number}" for number in range(1_600)} <= ids

    await until(flooded)
    await short.until_settled(lead)
    assert await _runs(short, lead) > 1
