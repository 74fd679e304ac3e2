"""The comparison as a workflow: a Temporal Schedule starts it every few minutes.

The next run gets the result of this one as the schedule's last result. So it looks only at what
changed since, and at all leads once an hour.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from models.envelopes import ReconcileOutcome, ReconcileState, ReconcileWork
    from models.instants import parse_instant, write_instant
    from workflows.commands import LEADS, SALES

EVERY = timedelta(minutes=5)
_WHOLE_EVERY = timedelta(hours=1)
_ALL_TRIES = timedelta(minutes=30)
_SILENCE = timedelta(seconds=30)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=3)


@workflow.defn(name="ReconcileWorkflow")
class ReconcileWorkflow:
    """One comparison of the database with Temporal."""

    @workflow.run
    async def run(self) -> ReconcileState:
        """Compare once. Fails if neither the database nor Temporal's visibility answers."""
        now = workflow.now()
        last = workflow.get_last_completion_result(ReconcileState)
        whole = last is None or parse_instant(last["whole"]) <= now - _WHOLE_EVERY
        work = ReconcileWork() if last is None or whole else ReconcileWork(since=last["at"])
        outcome: ReconcileOutcome = await workflow.execute_activity(
            "reconcile",
            work,
            result_type=ReconcileOutcome,
            task_queue=workflow.info().task_queue.removesuffix(LEADS) + SALES,
            schedule_to_close_timeout=_ALL_TRIES,
            heartbeat_timeout=_SILENCE,
            retry_policy=_RETRY,
            summary="all leads" if whole else "what changed",
        )
        at = write_instant(now)
        return ReconcileState(
            at=at, whole=at if last is None or whole else last["whole"], found=outcome
        )
