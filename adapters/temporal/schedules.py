"""A program's recurring work as Temporal Schedules; publishing makes, changes or removes them."""

from __future__ import annotations

import uuid

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
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


def schedule_id(program: str) -> str:
    """The id of a program's digest schedule."""
    return f"digest/{program}"


class Schedules:
    """The schedules of programs on a Temporal server. `prefix` is that of the task queues."""

    def __init__(self, client: Client, *, prefix: str = "") -> None:
        self._client = client
        self._queue = prefix + LEADS

    async def follow(self, program: Program) -> None:
        """Make the schedule as this published program says. Doing it twice changes nothing more.

        A schedule that somebody paused stays paused. A program without a digest has none.
        Raises temporalio.service.RPCError.
        """
        handle = self._client.get_schedule_handle(schedule_id(program.program))
        digest = program.schedules.get("digest")
        if digest is None:
            try:
                await handle.delete()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            return
        wanted = self._digest(program, digest.cron)
        try:
            await self._client.create_schedule(handle.id, wanted)
        except ScheduleAlreadyRunningError:

            async def changed(found: ScheduleUpdateInput) -> ScheduleUpdate:
                wanted.state = found.description.schedule.state
                return ScheduleUpdate(wanted)

            await handle.update(changed)

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
