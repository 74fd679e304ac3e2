"""A merge as a workflow: `merge/KEEP/OTHER`. Killed between its two steps it goes on by itself."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.envelopes import MergeResult, MergeWork
    from workflows.long_activity import call_long_activity


@workflow.defn(name="MergeWorkflow")
class MergeWorkflow:
    """One lead merged into another."""

    @workflow.run
    async def run(self, work: MergeWork) -> MergeResult:
        """End the other lead first, then give the one that goes on what it left."""
        workflow.set_current_details(f"Lead {work['other']} is given its merge first.")
        outcome: MergeResult = await call_long_activity(
            "merge_other",
            work,
            result_type=MergeResult,
            summary=f"end lead {work['other']}",
            priority=2,
        )
        if outcome["verdict"] != "gone":
            workflow.set_current_details(f"Lead {work['keep']} takes over: {outcome['verdict']}.")
            await call_long_activity(
                "merge_keep",
                work,
                outcome,
                summary=f"lead {work['keep']} takes over",
                priority=2,
            )
        workflow.set_current_details(f"Done: {outcome['verdict']}.")
        return outcome
