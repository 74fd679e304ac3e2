"""How far Temporal's clock and this machine's are apart."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    PollActivityTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

_PATIENCE = timedelta(seconds=8)
_PAUSE_SECONDS = 0.1


async def clocks_apart(client: Client, queue: str) -> timedelta | None:
    """How far at least the two clocks are apart; None if the server does not say.

    Temporal has no call that tells its time. But it tells when somebody asked a queue for work. So
    this asks `queue`, on which there is never any, and reads that instant. Nothing is stored.
    """
    task_queue = TaskQueue(name=queue)
    # The server remembers for minutes who asked before.
    identity = f"leadflow doctor {uuid.uuid4()}"
    asks = PollActivityTaskQueueRequest(
        namespace=client.namespace, task_queue=task_queue, identity=identity
    )
    looks = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=task_queue,
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    before = datetime.now(UTC)
    asking = asyncio.create_task(
        client.workflow_service.poll_activity_task_queue(asks, timeout=_PATIENCE)
    )
    try:
        while not asking.done():
            seen = await client.workflow_service.describe_task_queue(looks)
            after = datetime.now(UTC)
            ours = [one.last_access_time for one in seen.pollers if one.identity == identity]
            if ours:
                theirs = ours[0].ToDatetime(tzinfo=UTC)
                return max(before - theirs, theirs - after, timedelta(0))
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        asking.cancel()
        with suppress(RPCError, asyncio.CancelledError):
            await asking
    return None
