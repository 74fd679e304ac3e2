"""Resets a lead whose history no worker can replay to its last good workflow task.

The lead's row is kept: the run that begins there is behind it, and goes on from it
(docs/runbooks/leads-in-temporal.md).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, WorkflowRunner

from adapters.temporal.client import workflow_id
from workflows.lead import LeadWorkflow

_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
_ONE_REPLAY_SECONDS = 60.0
_TOO_SLOW = "TMPRL1101"
"""The SDK's code for a task that took more than two seconds of the clock. On a busy machine it says
nothing about the history."""


class Resets:
    """Finds the last good task by replaying, in this process, with this process's code."""

    def __init__(self, client: Client, runner: WorkflowRunner) -> None:
        self._client = client
        self._runner = runner

    async def reset(self, lead: str, *, dry_run: bool = False) -> int | None:
        """Reset a lead that does not replay; the event it was reset to.

        None if its history replays: then something else is wrong, and a reset would not help.
        With `dry_run` nothing is reset.
        """
        latest = await self._client.get_workflow_handle(workflow_id(lead)).describe()
        handle = self._client.get_workflow_handle(latest.id, run_id=latest.run_id)
        history = await handle.fetch_history()
        event = await self.last_good_task(history)
        if event is None or dry_run:
            return event
        await self._client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=self._client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=latest.id, run_id=latest.run_id),
                reason="leadflow reconcile: the history does not replay",
                workflow_task_finish_event_id=event,
                request_id=str(uuid.uuid4()),
            )
        )
        return event

    async def last_good_task(self, history: WorkflowHistory) -> int | None:
        """The last completed workflow task before which everything replays; None if all does."""
        if await self._replays(history.workflow_id, history.events):
            return None
        tasks = [one.event_id for one in history.events if one.event_type == _COMPLETED]
        good, bad = 0, len(tasks)  # what comes before the first task always replays
        while bad - good > 1:
            middle = (good + bad) // 2
            if await self._replays(history.workflow_id, history.events[: tasks[middle] - 1]):
                good = middle
            else:
                bad = middle
        return tasks[good] if tasks else None

    async def _replays(self, name: str, events: Sequence[HistoryEvent]) -> bool:
        """Whether this beginning of a history replays. It ends with a task that was started."""
        replayer = Replayer(
            workflows=[LeadWorkflow],
            workflow_runner=self._runner,
            data_converter=self._client.data_converter,
        )
        async with asyncio.timeout(_ONE_REPLAY_SECONDS):
            result = await replayer.replay_workflow(
                WorkflowHistory(name, events), raise_on_replay_failure=False
            )
        failure = result.replay_failure
        return failure is None or _TOO_SLOW in str(failure)
