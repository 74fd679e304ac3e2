"""A run of a re-engagement schedule as a workflow, started by a Temporal Schedule.

It only asks the activity to go on, and shows how far it is. All progress is in the database. The
run is named by its scheduled instant, so whoever does it again goes on with the same run.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from models.envelopes import ReengageProgress, ReengageRun, ReengageWork
    from models.instants import write_instant
    from workflows.long_activity import call_long_activity

CATCH_UP = timedelta(days=1)
"""A run that an outage prevented is made up for within this time."""
JITTER = timedelta(minutes=1)
"""Schedules of several programs at one hour begin within this time, not in the same second."""

_NOMINAL = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@workflow.defn(name="ReengageWorkflow")
class ReengageWorkflow:
    """One run of one program's schedule."""

    @workflow.run
    async def run(self, run: ReengageRun) -> ReengageProgress:
        """Carry it out; how it ended."""
        info = workflow.info()
        nominal = info.typed_search_attributes.get(_NOMINAL) or info.workflow_start_time
        at = run.at or write_instant(nominal)
        while True:
            progress: ReengageProgress = await call_long_activity(
                "reengage",
                ReengageWork(program=run.program, run=f"reengage/{run.program}/{at}"),
                result_type=ReengageProgress,
                summary="re-engage idle leads",
                priority=3,
            )
            workflow.set_current_details(_details(progress))
            if progress["ended"]:
                return progress
            if progress["pause"]:
                await workflow.sleep(progress["pause"])
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(ReengageRun(program=run.program, at=at))


def _details(progress: ReengageProgress) -> str:
    standing = "done" if progress["ended"] else progress["phase"]
    reasons = ", ".join(f"{why} {leads}" for why, leads in progress["why_not"].items())
    return (
        f"{progress['name']}: re-engagement, {standing}."
        f" Found {progress['found']}, took {progress['taken']},"
        f" left {progress['left_over']} for the next run, did not reach {progress['failed']}."
        f" Not taken: {reasons or 'nobody'}."
    )
