"""A call of an activity that works for minutes, on the queue `sales`.

The activity sends heartbeats and keeps its progress in the database, so a worker that dies is
noticed within seconds, and the next try goes on from there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.commands import LEADS, SALES

_ONE_TRY = timedelta(minutes=5)
_SILENCE = timedelta(seconds=15)
_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
)


async def call_long_activity(
    name: str, *given: Any, result_type: type | None = None, summary: str, priority: int
) -> Any:
    """Call the activity, again and again if it fails; its result. `priority`: 1 is the highest."""
    return await workflow.execute_activity(
        name,
        args=given,
        result_type=result_type,
        task_queue=workflow.info().task_queue.removesuffix(LEADS) + SALES,
        start_to_close_timeout=_ONE_TRY,
        heartbeat_timeout=_SILENCE,
        retry_policy=_RETRY,
        summary=summary,
        priority=Priority(priority_key=priority),
    )
