from __future__ import annotations

from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.common import SearchAttributeKey

from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack

RILEY = "riley@acme.example"


async def _details(stack: WorkerStack, lead: str) -> str:
    metadata: Any = await stack.handle(lead).query("__temporal_workflow_metadata")
    return str(metadata.current_details)


async def test_the_summary_names_the_person_and_the_company(stack: WorkerStack) -> None:
    lead = await stack.create_lead(first_name="Ana", last_name="Smith", company="Northwind")
    description = await stack.leads.describe(lead)
    assert await description.static_summary() == "Ana Smith · Northwind"


async def test_the_details_say_how_a_lead_stands_and_what_is_next(stack: WorkerStack) -> None:
    lead = await stack.create_mql(first_name="Ana", last_name="Smith", company="Northwind")
    details = await _details(stack, lead)
    assert "### Ana Smith · Northwind" in details
    assert "**stage** mql" in details
    assert f"**owner** {RILEY}" in details
    assert "**next** accept" in details
    assert "northwind.example" not in details


async def test_leads_are_found_by_their_search_attributes(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    query = f"WorkflowId = 'lead/{lead}' AND LeadStage = 'mql' AND LeadOwner = '{RILEY}'"

    async def found() -> Any:
        return (await stack.client.count_workflows(query)).count == 1

    await until(found)
    attributes = (await stack.leads.describe(lead)).typed_search_attributes
    assert attributes[SearchAttributeKey.for_keyword("LeadProgram")] == "acme"
    assert attributes[SearchAttributeKey.for_keyword("LeadMotion")] == "sales"
    assert attributes.get(SearchAttributeKey.for_keyword("LeadTrack")) is None
    assert attributes[SearchAttributeKey.for_float("LeadScore")] >= 0
    assert attributes.get(SearchAttributeKey.for_datetime("LeadDue")) is not None


async def test_timers_and_activities_say_what_they_are_for(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    history = await stack.handle(lead).fetch_history()
    decode = stack.client.data_converter.payload_converter.from_payload
    summaries = [
        decode(one.user_metadata.summary)
        for one in history.events
        if one.event_type
        in (EventType.EVENT_TYPE_TIMER_STARTED, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    ]
    assert "alert: assigned" in summaries
    assert any(one.startswith("accept") and "riley" in one for one in summaries)


async def test_an_event_that_changes_no_deadline_costs_no_timer_events(stack: WorkerStack) -> None:
    lead = await stack.create_mql()
    before = await stack.handle(lead).fetch_history()
    for number in range(5):
        event = {"type": "page.viewed", "subject": f"/{number}"}
        await stack.leads.events(lead, [event])
        await stack.until_events(lead, number + 2)
    after = await stack.handle(lead).fetch_history()
    timers = (EventType.EVENT_TYPE_TIMER_STARTED, EventType.EVENT_TYPE_TIMER_CANCELED)
    new = after.events[len(before.events) :]
    assert [one for one in new if one.event_type in timers] == []
    upserts = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
    assert [one for one in new if one.event_type == upserts] == []
