"""Launches as workflows: started once, by whoever comes first."""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.envelopes import LaunchWork
from models.launch import Launch
from workflows.commands import LEADS
from workflows.launch import LaunchWorkflow


class LaunchRuns:
    """The workflows of launches on a Temporal server. `prefix` is that of the task queues."""

    def __init__(self, client: Client, *, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix

    async def start(self, launches: Iterable[Launch]) -> None:
        """Start each that does not run. Raises temporalio.service.RPCError."""
        for one in launches:
            try:
                await self._client.start_workflow(
                    LaunchWorkflow.run,
                    LaunchWork(number=one.number),
                    id=self._prefix + one.workflow,
                    task_queue=self._prefix + LEADS,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    static_summary=f"launch {one.number} on {one.program}",
                )
            except WorkflowAlreadyStartedError:
                continue
