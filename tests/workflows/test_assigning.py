from __future__ import annotations

from temporalio.api.enums.v1 import EventType

from tests.workflows.worker_stack import WorkerStack


async def test_an_owner_is_found_in_the_turn_that_needs_one(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    history = await stack.handle(lead).fetch_history()
    scheduled = [
        one.activity_task_scheduled_event_attributes.activity_type.name
        for one in history.events
        if one.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    assert "assign" not in scheduled
    assert "alert" in scheduled
    (opened,) = stack.world.journal.entries_of(lead, "handoff_opened")
    (assigned,) = stack.world.journal.entries_of(lead, "assigned")
    assert (assigned.seq, assigned.at) == (opened.seq + 1, opened.at)
