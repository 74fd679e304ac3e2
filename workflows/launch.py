"""A launch as a workflow, `launch/N`.

It only asks the activity to go on, and shows how far it is. All progress is in the database. A
paused launch has no workflow; resuming it starts one again.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from models.envelopes import LaunchProgress, LaunchWork
    from workflows.commands import LEADS, SALES

_ONE_TRY = timedelta(minutes=5)
_SILENCE = timedelta(seconds=15)
_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
)
CALLS_A_RUN = 25
"""Calls of the activity after which the workflow continues as new. A call costs 6 events, with a
pause 11, so a run has 300 at most."""


@workflow.defn(name="LaunchWorkflow")
class LaunchWorkflow:
    """One launch."""

    @workflow.run
    async def run(self, work: LaunchWork) -> LaunchProgress:
        """Carry it out; how it ended, or that it is paused."""
        calls = 0
        while True:
            progress: LaunchProgress = await workflow.execute_activity(
                "carry_out_launch",
                work,
                result_type=LaunchProgress,
                task_queue=workflow.info().task_queue.removesuffix(LEADS) + SALES,
                start_to_close_timeout=_ONE_TRY,
                heartbeat_timeout=_SILENCE,
                retry_policy=_RETRY,
                summary="start rows of a list",
                priority=Priority(priority_key=3),
            )
            workflow.set_current_details(progress["said"])
            if progress["over"]:
                return progress
            if progress["pause"]:
                await workflow.sleep(progress["pause"])
            calls += 1
            if calls == CALLS_A_RUN:
                workflow.continue_as_new(work)
