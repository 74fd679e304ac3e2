"""An old worker meets what a newer leadflow wrote: it says so, and the lead waits."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus
from temporalio.common import RawValue

import models.state
from activities.envelopes import read_command
from adapters.temporal.client import workflow_id
from models.known_fields import NewerReleaseError
from models.state import dump_state, read_whole_state
from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack
from workflows.commands import LEADS, grouped

MORGAN = "morgan@acme.example"


async def _start(stack: WorkerStack, lead: str, run: dict[str, Any]) -> None:
    """Start a lead's run as another release might."""
    payload = stack.client.data_converter.payload_converter.to_payload(run)
    await stack.client.start_workflow(
        "LeadWorkflow", RawValue(payload), id=workflow_id(lead), task_queue=f"fakes-{LEADS}"
    )


async def _goes_on_waiting(stack: WorkerStack, lead: str) -> bool:
    described = await stack.leads.describe(lead)
    return described.status is WorkflowExecutionStatus.RUNNING


async def test_a_state_of_a_newer_release_stays_whole_and_the_lead_goes_on_when_it_is_known(
    stack: WorkerStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = await stack.create_lead()
    await stack.handle(lead).terminate()
    state = dump_state(stack.world.journal.states[lead]) | {"jetpack": {"fuel": 3}}
    before = list(stack.world.journal.entries[lead])
    await _start(stack, lead, {"lead": lead, "digest": stack.program.digest, "state": state})
    await stack.handle(lead).signal("note", {"by": MORGAN, "note": "still here"})

    async def said() -> str | None:
        history = await stack.handle(lead).fetch_history()
        markers = (one.marker_recorded_event_attributes for one in history.events)
        return next((str(one.failure) for one in markers if one.HasField("failure")), None)

    why = str(await until(said))
    assert "a newer leadflow wrote the state of lead" in why
    assert "does not know jetpack" in why
    assert "Replace this worker" in why
    assert await _goes_on_waiting(stack, lead)
    assert list(stack.world.journal.entries[lead]) == before
    # The next worker knows the field.
    monkeypatch.setattr(models.state, "_OF_OLDER_RELEASES", {"jetpack"})
    await until(lambda: stack.world.journal.entries_of(lead, "noted"))


async def test_a_run_of_a_newer_release_fails_its_task_and_not_the_lead(stack: WorkerStack) -> None:
    lead = f"n{uuid.uuid4().hex[:12]}"
    run = {"lead": lead, "digest": stack.program.digest, "profile": {"email": f"{lead}@x.example"}}
    await _start(stack, lead, {**run, "jetpack": [1]})

    async def failure() -> str | None:
        history = await stack.handle(lead).fetch_history()
        failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
        found = (one for one in history.events if one.event_type == failed)
        return next((str(one.workflow_task_failed_event_attributes) for one in found), None)

    assert "this one does not know jetpack" in str(await until(failure))
    assert await _goes_on_waiting(stack, lead)
    await stack.handle(lead).terminate()


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("track", {"name": "t", "entered": "2026-03-02T14:00:00Z", "step": "s", "jetpack": 1}),
        ("meetings", {"m": {"said": "2026-03-02T14:00:00Z", "jetpack": 1}}),
        ("tasks", [{"id": "1", "kind": "call"}, {"id": "2", "kind": "call", "jetpack": 1}]),
    ],
)
def test_a_field_within_a_state_is_not_lost_either(where: str, value: Any) -> None:
    state = {"lead": "ana", "program": "p", "digest": "d", where: value}
    with pytest.raises(NewerReleaseError, match=rf"lead ana: .* know {where}.jetpack\."):
        read_whole_state(state)


def test_a_command_of_a_newer_release_is_refused_by_name() -> None:
    command = {"do": "fly", "key": "k", "at": "2026-03-02T14:00:00Z"}
    for refuse in (read_command, lambda one: grouped([one])):
        with pytest.raises(NewerReleaseError, match="the command fly, which this one does not"):
            refuse(command)
