"""Recurring work as Temporal Schedules.

Publishing makes, changes or removes those of a program. Setting up makes those of an installation.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from models.envelopes import DigestRun
from models.program.program import Program
from workflows.commands import LEADS
from workflows.digest import USEFUL, DigestWorkflow
from workflows.reconcile import EVERY, ReconcileWorkflow

_RECONCILE = "reconcile"


def schedule_id(program: str) -> str:
    """The id of a program's digest schedule."""
    return f"digest/{program}"


class Schedules:
    """The schedules of programs on a Temporal server. `prefix` is that of the task queues."""

    def __init__(self, client: Client, *, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix
        self._queue = prefix + LEADS

    async def follow(self, program: Program) -> None:
        """Make the schedule as this published program says. Doing it twice changes nothing more.

        A schedule that somebody paused stays paused. A program without a digest has none.
        Raises temporalio.service.RPCError.
        """
        digest = program.schedules.get("digest")
        if digest is not None:
            await self._put(schedule_id(program.program), self._digest(program, digest.cron))
            return
        try:
            await self._client.get_schedule_handle(schedule_id(program.program)).delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def set_up(self) -> list[str]:
        """Make the schedules that every installation has; their ids. Twice changes nothing more.

        A schedule that somebody paused stays paused. Raises temporalio.service.RPCError.
        """
        await self._put(self._prefix + _RECONCILE, self._reconcile())
        return [self._prefix + _RECONCILE]

    async def missing(self) -> list[str]:
        """Which of those `set_up` makes are not there, or are paused."""
        wanted = self._prefix + _RECONCILE
        try:
            found = await self._client.get_schedule_handle(wanted).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return [wanted]
        return [wanted] if found.schedule.state.paused else []

    async def _put(self, name: str, wanted: Schedule) -> None:
        try:
            await self._client.create_schedule(name, wanted)
        except ScheduleAlreadyRunningError:

            async def changed(found: ScheduleUpdateInput) -> ScheduleUpdate:
                wanted.state = found.description.schedule.state
                return ScheduleUpdate(wanted)

            await self._client.get_schedule_handle(name).update(changed)

    def _reconcile(self) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                ReconcileWorkflow.run,
                id=self._prefix + _RECONCILE,
                task_queue=self._queue,
                static_summary="compares the database with Temporal",
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
            policy=SchedulePolicy(
                overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)
            ),
        )

    def _digest(self, program: Program, cron: str) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                DigestWorkflow.run,
                DigestRun(program=program.digest),
                id=schedule_id(program.program),
                task_queue=self._queue,
                static_summary=f"digest of {program.program}",
            ),
            spec=ScheduleSpec(cron_expressions=[cron], time_zone_name=program.timezone),
            policy=SchedulePolicy(
                overlap=ScheduleOverlapPolicy.SKIP,
                catchup_window=USEFUL,  # after a longer outage nobody needs yesterday's digest
            ),
        )

    async def send_digest(self, program: Program) -> dict[str, str]:
        """Send this published program's digest now. Returns the result for each manager.

        Waits for a worker. Raises WorkflowFailureError if the mail server is away for too long.
        """
        results: dict[str, str] = await self._client.execute_workflow(
            DigestWorkflow.run,
            DigestRun(program=program.digest),
            id=f"{schedule_id(program.program)}/by-hand-{uuid.uuid4().hex[:12]}",
            task_queue=self._queue,
            static_summary=f"digest of {program.program}, by hand",
        )
        return results
