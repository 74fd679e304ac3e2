"""The digest as a workflow: started by a Temporal Schedule or by hand, it mails the managers once.

The schedule gives its nominal time, so a late start or a second try is about the same digest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy, SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from models.envelopes import DigestRun, DigestWork
    from models.instants import write_instant
    from workflows.commands import LEADS, SALES

USEFUL = timedelta(hours=6)
"""How long after its nominal time a digest is still mailed."""

_NOMINAL = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_ONE_TRY = timedelta(minutes=10)
_SILENCE = timedelta(seconds=15)
_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
)


@workflow.defn(name="DigestWorkflow")
class DigestWorkflow:
    """One digest of one program, to all managers."""

    @workflow.run
    async def run(self, run: DigestRun) -> dict[str, Any]:
        """Mail it; the result for each manager. Fails if the mail server is away for too long."""
        info = workflow.info()
        at = info.typed_search_attributes.get(_NOMINAL) or info.workflow_start_time
        told: dict[str, Any] = await workflow.execute_activity(
            "send_digest",
            DigestWork(program=run.program, at=write_instant(at)),
            result_type=dict[str, Any],
            task_queue=info.task_queue.removesuffix(LEADS) + SALES,
            schedule_to_close_timeout=USEFUL,
            start_to_close_timeout=_ONE_TRY,
            heartbeat_timeout=_SILENCE,
            retry_policy=_RETRY,
            summary="digest to managers",
            priority=Priority(priority_key=2),
        )
        return told
