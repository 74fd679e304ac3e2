"""Recurring work as Temporal Schedules.

Publishing makes, changes or removes those of a program. Setting up makes those of an installation.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
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

from models.envelopes import DigestRun, ReengageRun
from models.program.program import Program
from models.program.schedules import REENGAGE
from workflows.commands import LEADS
from workflows.digest import USEFUL, DigestWorkflow
from workflows.nightly import CATCH_UP as NIGHTLY_CATCH_UP
from workflows.nightly import CRON, NightlyWorkflow
from workflows.reconcile import EVERY, ReconcileWorkflow
from workflows.reengage import CATCH_UP, JITTER, ReengageWorkflow

_RECONCILE = "reconcile"
NIGHTLY = "nightly"
_BEGINS_WITHIN = 10.0
"""Seconds within which a schedule begins the run that was asked for."""
_LOOK = 0.1


def schedule_id(program: str) -> str:
    """The id of a program's digest schedule."""
    return f"digest/{program}"


def _of_programs(program: str) -> tuple[str, ...]:
    """The names of all schedules that a program may have."""
    return f"{REENGAGE}/{program}", schedule_id(program)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStanding:
    """How a schedule stands on the server."""

    paused: bool
    note: str
    """Why it is paused, or what somebody wrote last."""
    running: bool
    """Whether a run is under way."""
    next: datetime | None
    last: datetime | None
    """When it last began a run."""


class Schedules:
    """The schedules of programs on a Temporal server. `prefix` is that of the task queues."""

    def __init__(self, client: Client, *, prefix: str = "") -> None:
        self._client = client
        self._prefix = prefix
        self._queue = prefix + LEADS

    async def follow(self, program: Program) -> list[str]:
        """Make the schedules as this published program says; their ids. Twice changes nothing more.

        A schedule that somebody paused stays paused. What the program does not have is removed.
        Raises temporalio.service.RPCError.
        """
        wanted = self._wanted(program)
        for name in _of_programs(program.program):
            own = self.id_of(name)
            if own in wanted:
                await self._put(own, wanted[own])
            else:
                await self._remove(own)
        return list(wanted)

    async def make_missing(self, program: Program, *, dry_run: bool = False) -> list[str]:
        """Make those of this program's schedules that are not there; their ids. Raises RPCError."""
        wanted = self._wanted(program)
        missing = [own for own in wanted if await self.standing(own) is None]
        if not dry_run:
            for own in missing:
                await self._put(own, wanted[own])
        return missing

    def _wanted(self, program: Program) -> dict[str, Schedule]:
        """The schedules that this program has, by their ids."""
        make = {REENGAGE: self._reengage, "digest": self._digest}
        return {
            self.id_of(f"{kind}/{program.program}"): make[kind](program, written.cron)
            for kind, written in program.schedules.items()
        }

    async def _remove(self, own: str) -> None:
        try:
            await self._client.get_schedule_handle(own).delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    def id_of(self, name: str) -> str:
        """The id of a schedule on the server: `reengage/acme`, `digest/acme`, `nightly`.

        That of a digest has no prefix, because it had none in release 0.1.
        """
        return name if name.startswith("digest/") else self._prefix + name

    async def standing(self, name: str) -> ScheduleStanding | None:
        """How a schedule stands; None if there is none of this id. Raises RPCError."""
        try:
            found = await self._client.get_schedule_handle(name).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None
        state, info = found.schedule.state, found.info
        return ScheduleStanding(
            paused=state.paused,
            note=state.note or "",
            running=bool(info.running_actions),
            next=None if state.paused else next(iter(info.next_action_times), None),
            last=info.recent_actions[-1].started_at if info.recent_actions else None,
        )

    async def trigger(self, name: str) -> str:
        """Have a schedule begin a run now; the id of its workflow.

        The schedule begins none while one is under way. Raises RPCError, and TimeoutError if the
        server begins none within ten seconds.
        """
        handle = self._client.get_schedule_handle(name)
        before = (await handle.describe()).info.num_actions
        await handle.trigger()
        for _ in range(round(_BEGINS_WITHIN / _LOOK)):
            info = (await handle.describe()).info
            if info.num_actions > before:
                break
            await asyncio.sleep(_LOOK)
        else:
            raise TimeoutError(f"the schedule {name} began no run")
        action = info.recent_actions[-1].action
        if not isinstance(action, ScheduleActionExecutionStartWorkflow):
            raise TypeError(f"{name} starts no workflow")
        return action.workflow_id

    async def ended(self, workflow: str) -> None:
        """Wait until a workflow has ended. Raises WorkflowFailureError if it failed."""
        await self._client.get_workflow_handle(workflow).result()

    async def pause(self, name: str, note: str) -> None:
        """Let a schedule begin no run until it is resumed. Raises RPCError."""
        await self._client.get_schedule_handle(name).pause(note=note)

    async def resume(self, name: str, note: str) -> None:
        """Let a paused schedule go on. Runs that it missed are not made up for. Raises RPCError."""
        await self._client.get_schedule_handle(name).unpause(note=note)

    async def set_up(self) -> list[str]:
        """Make the schedules that every installation has; their ids. Twice changes nothing more.

        A schedule that somebody paused stays paused. Raises temporalio.service.RPCError.
        """
        wanted = self._of_installation()
        for own, schedule in wanted.items():
            await self._put(own, schedule)
        return list(wanted)

    async def missing(self) -> list[str]:
        """Which of those `set_up` makes are not there, or are paused."""
        standings = {own: await self.standing(own) for own in self._of_installation()}
        return [own for own, found in standings.items() if found is None or found.paused]

    def _of_installation(self) -> dict[str, Schedule]:
        """The schedules that every installation has, by their ids."""
        return {
            self.id_of(_RECONCILE): self._reconcile(),
            self.id_of(NIGHTLY): self._nightly(),
        }

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
                id=self.id_of(_RECONCILE),
                task_queue=self._queue,
                static_summary="compares the database with Temporal",
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
            policy=SchedulePolicy(
                overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)
            ),
        )

    def _nightly(self) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                NightlyWorkflow.run,
                id=self.id_of(NIGHTLY),
                task_queue=self._queue,
                static_summary="makes the snapshots from which reports begin",
            ),
            spec=ScheduleSpec(cron_expressions=[CRON]),
            policy=SchedulePolicy(
                overlap=ScheduleOverlapPolicy.SKIP, catchup_window=NIGHTLY_CATCH_UP
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

    def _reengage(self, program: Program, cron: str) -> Schedule:
        own = self.id_of(f"{REENGAGE}/{program.program}")
        return Schedule(
            action=ScheduleActionStartWorkflow(
                ReengageWorkflow.run,
                ReengageRun(program=program.program),
                # The server adds the scheduled instant: reengage/acme/run-2026-03-02T14:00:00Z
                id=f"{own}/run",
                task_queue=self._queue,
                static_summary=f"re-engagement of {program.program}",
            ),
            spec=ScheduleSpec(
                cron_expressions=[cron], time_zone_name=program.timezone, jitter=JITTER
            ),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
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
