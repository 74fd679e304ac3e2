"""A merge as a workflow: `merge/KEEP/OTHER`. Killed between its two steps it goes on by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from models.envelopes import MergeResult, MergeWork
    from workflows.commands import LEADS, SALES

_OPTIONS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": timedelta(seconds=15),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=1),
    ),
    "priority": Priority(priority_key=2),
}


@workflow.defn(name="MergeWorkflow")
class MergeWorkflow:
    """One lead merged into another."""

    @workflow.run
    async def run(self, work: MergeWork) -> MergeResult:
        """End the other lead first, then give the one that goes on what it left."""
        queue = workflow.info().task_queue.removesuffix(LEADS) + SALES
        workflow.set_current_details(f"Lead {work['other']} is given its merge first.")
        outcome: MergeResult = await workflow.execute_activity(
            "merge_other",
            work,
            result_type=MergeResult,
            task_queue=queue,
            summary=f"end lead {work['other']}",
            **_OPTIONS,
        )
        if outcome["verdict"] != "gone":
            workflow.set_current_details(f"Lead {work['keep']} takes over: {outcome['verdict']}.")
            await workflow.execute_activity(
                "merge_keep",
                args=[work, outcome],
                task_queue=queue,
                summary=f"lead {work['keep']} takes over",
                **_OPTIONS,
            )
        workflow.set_current_details(f"Done: {outcome['verdict']}.")
        return outcome
