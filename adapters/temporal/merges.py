"""Merges as workflows: one for each pair of leads, started once by whoever comes first."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from models.envelopes import MergeOutcome, MergeWork
from workflows.commands import LEADS
from workflows.merge import MergeWorkflow


class MergeRuns:
    """The workflows of merges on a Temporal server. `prefix` is that of the task queues."""

    def __init__(self, client: Client, *, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix

    async def merge(self, work: MergeWork) -> MergeOutcome:
        """Start the merge, or join the one that is under way, and wait for its end.

        Raises temporalio.service.RPCError. A caller that is cancelled leaves it running.
        """
        handle = await self._client.start_workflow(
            MergeWorkflow.run,
            work,
            id=f"{self._prefix}merge/{work['keep']}/{work['other']}",
            task_queue=self._prefix + LEADS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"merge {work['other']} into {work['keep']}",
        )
        return await handle.result()
