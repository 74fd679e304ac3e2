"""A rollout as a workflow: `publication/NAME/N`, `pause/NAME/N`, `resume/NAME/N`.

It only asks the activity to go on, and shows how far it is. All progress is in the database.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.envelopes import RolloutProgress, RolloutWork
    from workflows.long_activity import call_long_activity


@workflow.defn(name="RolloutWorkflow")
class RolloutWorkflow:
    """One rollout of one program."""

    @workflow.run
    async def run(self, work: RolloutWork) -> RolloutProgress:
        """Carry it out; how it ended."""
        while True:
            progress: RolloutProgress = await call_long_activity(
                "roll_out",
                work,
                result_type=RolloutProgress,
                summary="send to leads in flight",
                priority=3,
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
