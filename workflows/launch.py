"""A launch as a workflow, `launch/N`.

It only asks the activity to go on, and shows how far it is. All progress is in the database. A
paused launch has no workflow; resuming it starts one again.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.envelopes import LaunchProgress, LaunchWork
    from workflows.long_activity import call_long_activity

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
            progress: LaunchProgress = await call_long_activity(
                "carry_out_launch",
                work,
                result_type=LaunchProgress,
                summary="start rows of a list",
                priority=3,
            )
            workflow.set_current_details(progress["said"])
            if progress["over"]:
                return progress
            if progress["pause"]:
                await workflow.sleep(progress["pause"])
            calls += 1
            if calls == CALLS_A_RUN:
                workflow.continue_as_new(work)
