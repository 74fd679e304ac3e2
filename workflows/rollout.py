"""A rollout as a workflow: `publication/NAME/N`, `pause/NAME/N`, `resume/NAME/N`.

It only asks the activity to go on, and shows how far it is. All progress is in the database.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from models.envelopes import RolloutProgress, RolloutWork
    from workflows.commands import LEADS, SALES

_ONE_TRY = timedelta(minutes=5)
_SILENCE = timedelta(seconds=15)
_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
)


@workflow.defn(name="RolloutWorkflow")
class RolloutWorkflow:
    """One rollout of one program."""

    @workflow.run
    async def run(self, work: RolloutWork) -> RolloutProgress:
        """Carry it out; how it ended."""
        while True:
            progress: RolloutProgress = await workflow.execute_activity(
                "roll_out",
                work,
                result_type=RolloutProgress,
                task_queue=workflow.info().task_queue.removesuffix(LEADS) + SALES,
                start_to_close_timeout=_ONE_TRY,
                heartbeat_timeout=_SILENCE,
                retry_policy=_RETRY,
                summary="send to leads in flight",
                priority=Priority(priority_key=3),
            )
            workflow.set_current_details(_details(progress))
            if progress["ended"]:
                return progress
            if progress["pause"]:
                await workflow.sleep(progress["pause"])
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(work)


def _details(progress: RolloutProgress) -> str:
    standing = "done" if progress["ended"] else "under way"
    return (
        f"{progress['name']}: {progress['do']}, {standing}."
        f" Sent to {progress['sent']} leads, {progress['failed']} not reached yet."
    )
