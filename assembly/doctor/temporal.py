"""Temporal: whether it answers, and whether it has what leadflow needs there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.temporal.client import TemporalUnavailableError
from adapters.temporal.connection import connect, missing_attributes
from adapters.temporal.executions import LeadExecutions
from adapters.temporal.schedules import Schedules, schedule_id
from adapters.temporal.server_clock import clocks_apart
from assembly.doctor.check import Check
from assembly.doctor.published import newest_programs
from assembly.settings import Settings
from workflows.commands import LEADS, MAIL, SALES

_WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_CLOCK = timedelta(seconds=2)
_SET_UP = "`leadflow temporal setup`"


async def look_at_temporal(settings: Settings) -> AsyncIterator[Check]:
    """Server, search attributes, schedules, workers, and leads whose workflow task fails."""
    try:
        client = await connect(settings)
    except TemporalUnavailableError as error:
        yield Check("Temporal", "wrong", str(error), "start it, or set TEMPORAL_ADDRESS")
        return
    where = client.service_client.config.target_host
    namespace = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        await client.workflow_service.describe_namespace(namespace)
    except RPCError as error:
        remedy = (
            "set TEMPORAL_NAMESPACE to one that is there and lets you in; a new one is made by"
            f" `temporal operator namespace create -n {client.namespace}`"
        )
        said = f"{where} refuses the namespace {client.namespace}: {error.message}"
        yield Check("Temporal", "wrong", said, remedy)
        return
    yield Check("Temporal", "ok", f"{where}, namespace {client.namespace}")
    async for one in _clock(client, settings):
        yield one
    missing = await missing_attributes(client)
    if missing:
        yield Check("search attributes", "wrong", f"missing: {', '.join(missing)}", _SET_UP)
    else:
        yield Check("search attributes", "ok", "all are there")
    yield await _schedules(client, settings)
    for queue, kind in ((LEADS, _WORKFLOWS), (MAIL, _ACTIVITIES), (SALES, _ACTIVITIES)):
        yield await _workers(client, settings.queue_prefix + queue, kind)
    failing: list[str] = []
    async for page in LeadExecutions(client, prefix=settings.queue_prefix).failing():
        failing += page
    if failing:
        some = ", ".join(sorted(failing)[:5])
        said = f"leads that can't go on: {len(failing)}, such as {some}"
        yield Check("workflow tasks", "wrong", said, "`leadflow reconcile`")
    else:
        yield Check("workflow tasks", "ok", "none fails")


async def _clock(client: Client, settings: Settings) -> AsyncIterator[Check]:
    """Whether Temporal's clock, by which all deadlines run, agrees with this machine's."""
    apart = await clocks_apart(client, f"{settings.queue_prefix}doctor")
    if apart is not None:
        said = f"Temporal's clock and this machine's are {apart.total_seconds():.1f} s apart"
        right = apart <= _CLOCK
        remedy = "" if right else "let both machines follow NTP"
        yield Check("clocks", "ok" if right else "wrong", said, remedy)


async def _schedules(client: Client, settings: Settings) -> Check:
    missing = await Schedules(client, prefix=settings.queue_prefix).missing()
    if missing:
        said = f"missing or paused: {', '.join(missing)}"
        return Check("schedules", "wrong", said, f"{_SET_UP}; unpause it in Temporal's pages")
    digests = await asyncio.to_thread(_digests, settings)
    gone = [name for name in digests if not await _is_there(client, name)]
    if gone:
        remedy = "publish the program again: `leadflow program publish FILE`"
        return Check("schedules", "wrong", f"missing: {', '.join(gone)}", remedy)
    return Check("schedules", "ok", ", ".join(["reconcile", "nightly", *digests]))


def _digests(settings: Settings) -> list[str]:
    """The schedules that the published programs should have."""
    programs = newest_programs(settings)
    return [schedule_id(one.program) for one in programs if one.schedules.get("digest")]


async def _is_there(client: Client, name: str) -> bool:
    try:
        await client.get_schedule_handle(name).describe()
    except RPCError:
        return False
    return True


async def _workers(client: Client, queue: str, kind: TaskQueueType.ValueType) -> Check:
    """Whether a worker asks this queue for work."""
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    answer = await client.workflow_service.describe_task_queue(asked)
    workers = {one.identity for one in answer.pollers}
    if workers:
        return Check(f"workers of {queue}", "ok", f"{len(workers)}")
    return Check(f"workers of {queue}", "wrong", "there is none", "start one: `leadflow worker`")
