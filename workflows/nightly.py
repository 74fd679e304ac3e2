"""The nightly run as a workflow: a Temporal Schedule starts it when few people are at work.

It makes the snapshots from which reports begin, and removes what the board no longer counts.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from models.envelopes import NightlyOutcome
    from workflows.commands import LEADS, SALES

CRON = "30 2 * * *"
"""At 02:30 UTC."""
CATCH_UP = timedelta(hours=12)
"""How long after its instant a run that was missed is still made."""
_ALL_TRIES = timedelta(hours=6)
_SILENCE = timedelta(seconds=30)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=30), maximum_attempts=5)


@workflow.defn(name="NightlyWorkflow")
class NightlyWorkflow:
    """One nightly run."""

    @workflow.run
    async def run(self) -> NightlyOutcome:
        """Do it once. Fails if the database does not answer for hours; the next night makes up."""
        outcome: NightlyOutcome = await workflow.execute_activity(
            "keep_reports_quick",
            result_type=NightlyOutcome,
            task_queue=workflow.info().task_queue.removesuffix(LEADS) + SALES,
            schedule_to_close_timeout=_ALL_TRIES,
            heartbeat_timeout=_SILENCE,
            retry_policy=_RETRY,
            summary="snapshots for reports",
        )
        return outcome
