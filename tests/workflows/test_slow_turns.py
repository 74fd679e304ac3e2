"""The database is slow or away. Turns end within their workflow task, and histories replay."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from activities.ports import Fence, Payload, StoredLead, Taken
from models.decision import Decision
from models.envelopes import Envelope
from models.instants import write_instant
from tests.fakes import FakeJournal
from tests.replay.random_lives import failed_replays
from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack, running_worker_stack
from workflows.messages import signalled

MORGAN = "morgan@acme.example"


@dataclass
class DelayedJournal(FakeJournal):
    """Delays each of the next turns by so many seconds, before or after it is stored."""

    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    lost: list[Exception] = field(default_factory=list)
    """Raised after the turn was stored: whoever waits for its outcome does not get it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(
        self,
        decision: Decision,
        fence: Fence,
        now: datetime,
        *,
        taken: Sequence[Taken] = (),
        asked: Sequence[Payload] = (),
        addresses: Collection[str] = (),
    ) -> StoredLead | None:
        with self.lock:
            before = self.before.pop(0) if self.before else 0
            after = self.after.pop(0) if self.after else 0
            failure = self.failures.pop(0) if self.failures else None
            lost = self.lost.pop(0) if self.lost else None
        time.sleep(before)
        if failure is not None:
            raise failure
        with self.lock:
            stored = super().record(
                decision, fence, now, taken=taken, asked=asked, addresses=addresses
            )
        time.sleep(after)
        if lost is not None:
            raise lost
        return stored


@dataclass(frozen=True)
class SlowStack:
    stack: WorkerStack
    journal: DelayedJournal

    async def send_notes(self, lead: str) -> list[str]:
        """Send more and more notes, by updates and signals. Returns those that were answered."""
        names = [f"note {number}" for number in range(8)]
        acts = []
        for name in names:
            note = {"by": MORGAN, "note": name, "id": name}
            acts.append(asyncio.create_task(self.stack.leads.act(lead, "note", note)))
            signalled = {**note, "note": f"{name} by signal", "id": f"{name} by signal"}
            await self.stack.handle(lead).signal("note", signalled)
            await asyncio.sleep(0.5)
        await asyncio.wait_for(asyncio.gather(*acts), 90)
        return [*names, *(f"{name} by signal" for name in names)]

    def notes(self, lead: str) -> list[str]:
        return sorted(one.fields["note"] for one in self.journal.entries_of(lead, "noted"))


@pytest.fixture
async def slow(dev_server: WorkflowEnvironment) -> AsyncIterator[SlowStack]:
    journal = DelayedJournal()
    prefix = f"slow{uuid.uuid4().hex[:8]}-"
    async with running_worker_stack(
        dev_server.client, prefix, journal=journal, leads_in_memory=1
    ) as stack:
        yield SlowStack(stack, journal)


def _prolonged_tasks(history: WorkflowHistory) -> list[int]:
    """Workflow tasks that were prolonged: completed without a command, and another at once."""
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    scheduled = EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED
    pairs = zip(history.events, history.events[1:], strict=False)
    return [
        one.event_id
        for one, then in pairs
        if one.event_type == completed and then.event_type == scheduled
    ]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_turn_that_takes_too_long_is_tried_again_in_a_task_of_its_own(
    slow: SlowStack, when: str
) -> None:
    """Two turns take longer than a turn may, one of them after it was stored."""
    lead = await slow.stack.create_lead()
    getattr(slow.journal, when).extend([9.0, 0.0, 5.0, 9.0])
    notes = await slow.send_notes(lead)
    await until(lambda: len(slow.notes(lead)) >= len(notes), 60)
    await until(lambda: slow.stack.until_settled(lead), 60)
    assert slow.notes(lead) == sorted(notes)
    assert slow.journal.entries_of(lead, "resumed_from_journal") == []
    history = await slow.stack.handle(lead).fetch_history()
    assert _prolonged_tasks(history) == []
    timers = [one for one in history.events if one.HasField("timer_started_event_attributes")]
    assert timers, "no turn was tried again after a timer"
    assert await failed_replays([history], None) == []


async def test_a_turn_that_fails_is_tried_again_until_the_database_is_back(slow: SlowStack) -> None:
    lead = await slow.stack.create_lead()
    slow.journal.failures.extend(OSError("away") for _ in range(8))
    notes = await slow.send_notes(lead)
    await until(lambda: len(slow.notes(lead)) >= len(notes), 60)
    assert slow.notes(lead) == sorted(notes)
    history = await slow.stack.handle(lead).fetch_history()
    assert await failed_replays([history], None) == []


async def test_a_turn_whose_outcome_was_lost_leaves_the_lead_with_the_deadlines_that_it_set(
    slow: SlowStack,
) -> None:
    """As if the worker was killed after the turn was stored: nothing else wakes the lead."""
    lead = await slow.stack.create_lead()
    slow.journal.lost.append(OSError("killed"))
    hand = {"id": "hand", "type": "form.submitted", "subject": "demo"}
    await slow.stack.leads.events(lead, [hand])
    await until(lambda: slow.journal.states[lead].owner)
    stands = await slow.stack.until_settled(lead)
    assert slow.journal.lost == []
    wake = slow.journal.wakes[lead]
    assert wake is not None
    assert stands["wake"] == {"at": write_instant(wake.at), "what": wake.what}
    assert slow.journal.entries_of(lead, "resumed_from_journal") == []
    history = await slow.stack.handle(lead).fetch_history()
    assert await failed_replays([history], None) == []


async def test_a_lead_whose_task_takes_some_seconds_of_the_clock_goes_on(
    slow: SlowStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As thousands of signals do on a busy machine; the SDK itself would fail it after two."""
    lead = await slow.stack.create_lead()
    waits = [2.5]

    def slowly(*args: Any) -> list[Envelope]:
        time.sleep(waits.pop() if waits else 0)
        return signalled(*args)

    monkeypatch.setattr("workflows.lead.signalled", slowly)
    await slow.stack.handle(lead).signal("note", {"by": MORGAN, "note": "late"})
    await until(lambda: slow.notes(lead) == ["late"], 60)
    history = await slow.stack.handle(lead).fetch_history()
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    assert [one for one in history.events if one.event_type == failed] == []
