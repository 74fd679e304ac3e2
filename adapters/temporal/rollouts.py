"""Rollouts as workflows: started once, by whoever comes first."""

from __future__ import annotations

from collections.abc import Iterable

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.rollout import rollout_words
from models.envelopes import RolloutWork
from models.rollout import Rollout
from workflows.commands import LEADS
from workflows.rollout import RolloutWorkflow


class RolloutRuns:
    """The workflows of rollouts on a Temporal server. `prefix` is that of the task queues."""

    def __init__(self, client: Client, *, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix

    async def start(self, rollouts: Iterable[Rollout]) -> None:
        """Start each that does not run. Raises temporalio.service.RPCError."""
        for one in rollouts:
            try:
                await self._client.start_workflow(
                    RolloutWorkflow.run,
                    RolloutWork(number=one.number),
                    id=self._prefix + one.workflow,
                    task_queue=self._prefix + LEADS,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    static_summary=f"{one.name}: {rollout_words(one)}",
                )
            except WorkflowAlreadyStartedError:
                continue
