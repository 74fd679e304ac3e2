from __future__ import annotations

import uuid

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from tests.waiting import until
from tests.workflows.worker_stack import WorkerStack

MORGAN = "morgan@acme.example"


async def test_a_lead_that_was_reset_writes_its_timeline_on(stack: WorkerStack) -> None:
    lead = await stack.enrolled()
    for number in range(4):
        await stack.leads.act(lead, "note", {"by": MORGAN, "note": f"note {number}"})
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
    await stack.leads.act(lead, "note", {"by": MORGAN, "note": "after the reset"})
    await until(
        lambda: (
            "after the reset"
            in [one.fields["note"] for one in stack.world.journal.told(lead, "noted")]
        )
    )
