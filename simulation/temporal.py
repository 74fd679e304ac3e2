"""The Temporal engine: a scenario played through the real workflow, turn and journal.

Time passes on the time-skipping test server, whose one clock all leads share. A lead's own
clock is set back a little by its place in the file, so that what is due at one instant
happens in the file's order. Before an input the player stops short of its instant and
delivers it stamped with it: timers are judged by the real now, so the input goes first.
Between two moves everything settles.

The file is long because one player does all that moves the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import tempfile
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.testing import WorkflowEnvironment

from activities.ports import Journal, Rendered, Reservation, World
from adapters.delivery.chat_webhooks import ChatWebhooks
from adapters.mail.digest import SqlDigests
from adapters.mail.render import MailRenderer
from adapters.reports.leads import SqlReports
from adapters.sql.alert_queue import SqlAlertQueue
from adapters.sql.breakers import SqlBreakers
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads, workflow_id
from adapters.temporal.embedded import shipped
from adapters.temporal.payloads import data_converter
from lifecycle.moves.merge import judge, of_merged
from lifecycle.nurture.selection import select
from lifecycle.program.versions import Versions
from models.durations import Rate
from models.envelopes import Json, ProgramClock
from models.inputs import Act, Event
from models.instants import write_instant
from models.refusal import RefusedError
from models.rollout import publication_body, reengage_body
from models.state import LeadState
from simulation.scenario import (
    Line,
    MergeLine,
    Newcomer,
    PauseLine,
    PublishLine,
    RunLine,
    Scenario,
    happenings,
)
from simulation.timeline import TimelineLine, in_order, line_of
from workflows.attributes import KEYS

SHORT = timedelta(seconds=30)
"""The player delivers an input so long before its instant."""
_STAGGER = timedelta(milliseconds=500)
_WIDEST = timedelta(seconds=25)
"""The most that all staggers may add up to: with SHORT it is less than the grace of a minute."""
_LIMIT_SECONDS = 120.0
"""How long any step of the play may take (real time); a busy machine needs many seconds."""
_PAUSE = 0.003
_TASKS = {
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: 1,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED: -1,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED: -1,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT: -1,
}
_ACTIVITIES = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: 1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED: -1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED: -1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: -1,
}


class Delivered:
    """A mail server that takes everything: in a scenario mail is sent at once."""

    async def send(
        self,
        mail: Rendered,  # noqa: ARG002 - the port's
        *,
        before_content: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Take the mail."""
        if before_content is not None:
            await before_content()


class Unlimited:
    """No rates: in a scenario mail is sent at once."""

    def reserve(self, rates: Mapping[str, Rate], patience: timedelta) -> Reservation:  # noqa: ARG002 - the port's
        """Never wait."""
        return Reservation(wait=timedelta(0))

    def give_back(self, rates: Mapping[str, Rate], place: Reservation) -> None:
        """Nothing was taken."""


@dataclass(slots=True)
class _SimulatedLead:
    """A lead on the server."""

    place: int
    leads: Leads
    begins: datetime
    """The instant on this lead's clock at which the server's clock began."""
    turn: int = 0
    wake: datetime | None = None


Workers = Callable[[Client, World], AbstractAsyncContextManager[None]]
"""Serves the task queues over these adapters while the block runs."""


def play(scenario: Scenario, workers: Workers) -> list[TimelineLine]:
    """Play a scenario through the real workflow; returns its timeline in order.

    The caller gives the workers, because `assembly` makes them and stands above this room.
    Raises TimeoutError if a lead does not settle.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.db"
        file.write_bytes(_empty_database())
        database = open_database(f"sqlite:///{file}")
        try:
            reports = SqlReports(database)
            programs = SqlPrograms(database)
            world = _world(scenario, database, programs)
            asyncio.run(_play(scenario, world, reports, programs, workers))
            return in_order(
                line_of(lead, entry)
                for lead in scenario.leads
                for entry in reports.timeline(lead)
                if entry.at <= scenario.until
            )
        finally:
            database.close()


@functools.cache
def _empty_database() -> bytes:
    """A database file with all tables and no rows. Made once, for all scenarios of a process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


async def _play(
    scenario: Scenario, world: World, reports: SqlReports, programs: SqlPrograms, workers: Workers
) -> None:
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=shipped("temporal-test-server"),
        data_converter=data_converter,
        # The core writes its log to standard output, which belongs to the timeline.
        runtime=Runtime(telemetry=TelemetryConfig(logging=None)),
    )
    async with env:
        with env.auto_time_skipping_disabled():
            await _register(env)
            async with contextlib.AsyncExitStack() as served:
                await served.enter_async_context(workers(env.client, world))
                try:
                    await _Player(env, scenario, world.journal, reports, programs).run()
                finally:
                    await _limited(served.aclose(), "the end of the workers")
        # The worker's last polls end before the server does.
        await asyncio.sleep(0.3)


def _world(scenario: Scenario, database: Database, programs: SqlPrograms) -> World:
    people = SqlDirectory(database)
    programs.publish(scenario.program)
    people.apply(scenario.people)
    return World(
        programs=programs,
        people=people,
        journal=SqlJournal(database),
        timelines=SqlReports(database),
        mail_ledger=SqlMailLedger(database),
        alert_queue=SqlAlertQueue(database),
        renderer=MailRenderer(),
        mailer=Delivered(),
        alerts=Delivered(),
        chat=ChatWebhooks({}),
        rates=Unlimited(),
        breakers=SqlBreakers(database),
        digests=SqlDigests(database),
    )


async def _limited(step: Awaitable[Any], what: str) -> None:
    """Wait for a step of the play. Raises TimeoutError that names it, in place of a hang."""
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            await step
    except TimeoutError:
        raise TimeoutError(f"{what} took more than {_LIMIT_SECONDS:g} seconds") from None


async def _register(env: WorkflowEnvironment) -> None:
    await env.client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=env.client.namespace,
            search_attributes={
                key.name: key.indexed_value_type  # type: ignore[misc]  # the server's own numbers
                for key in KEYS.values()
            },
        )
    )


class _Player:
    """Moves the server's clock from one input to the next."""

    def __init__(
        self,
        env: WorkflowEnvironment,
        scenario: Scenario,
        journal: Journal,
        reports: SqlReports,
        programs: SqlPrograms,
    ) -> None:
        self._env = env
        self._reports = reports
        self._scenario = scenario
        self._journal = journal
        self._programs = programs
        self._newest = scenario.program
        self._zero = scenario.start
        self._leads: dict[str, _SimulatedLead] = {}

    async def run(self) -> None:
        """Play all of it, in order."""
        self._zero = await self._env.get_current_time()
        places = {lead: place for place, lead in enumerate(self._scenario.leads)}
        for happening in happenings(self._scenario):
            await self._run_until(happening.at, including=False)
            if isinstance(happening, Newcomer):
                await self._create(happening, places[happening.lead])
            elif isinstance(happening, PublishLine | PauseLine):
                await self._tell_all(happening)
            elif isinstance(happening, MergeLine):
                await self._merge(happening)
            elif isinstance(happening, RunLine):
                await self._reengage(happening)
            else:
                await self._take(happening)
        await self._run_until(self._scenario.until, including=True)

    async def _create(self, newcomer: Newcomer, place: int) -> None:
        stagger = min(_STAGGER, _WIDEST / max(1, len(self._scenario.leads))) * place
        begins = self._scenario.start - SHORT - stagger
        clock = ProgramClock(wall=self._zero, program=begins, speed=1)
        leads = Leads(self._env.client, self._journal, clock=clock)
        simulated = self._leads[newcomer.lead] = _SimulatedLead(place, leads, begins)
        await self._advance(self._wall(simulated, newcomer.at) - SHORT)
        await leads.enrol(
            newcomer.lead,
            self._newest,
            dict(newcomer.profile),
            arrived=write_instant(newcomer.at),
        )
        await self._settle(newcomer.lead)

    async def _take(self, line: Line) -> None:
        """Deliver it as a door does: to the lead that has this name by now."""
        lead, given = self._own(line.lead), line.given
        simulated = self._leads[lead]
        await self._advance(self._wall(simulated, line.at) - SHORT)
        if isinstance(given, Event):
            given = given if lead == line.lead else of_merged(given)
            stamped = {**_written(given), "arrived": write_instant(line.at)}
            told = simulated.leads.events(lead, [stamped])
            await _limited(told, f"an event of lead {lead} at {line.at}")
        else:
            stamped = {**_written(given), "arrived": write_instant(line.at)}
            with contextlib.suppress(RefusedError):
                act = simulated.leads.act(lead, str(stamped.pop("do")), stamped)
                await _limited(act, f"an act on lead {lead} at {line.at}")
        await self._settle(lead)

    def _own(self, lead: str) -> str:
        return self._reports.with_id(lead) or lead

    async def _merge(self, line: MergeLine) -> None:
        """Both leads are given it, the merged one first, as the workflow of a merge does."""
        keep, other, arrived = self._own(line.lead), line.other, write_instant(line.at)
        now = self._own(other) if other in self._leads else None
        verdict = judge(keep, other, now)
        body: Json = {"do": "from", "other": other, "arrived": arrived}
        if verdict == "do":
            state = self._journal.state(keep)
            closed = state is None or state.closed
            digest = self._newest.digest if closed or state is None else state.digest
            await self._advance(self._wall(self._leads[keep], line.at) - SHORT)
            into = {"do": "into", "keep": keep, "to": digest, "arrived": arrived}
            await self._leads[other].leads.merge_side(other, into)
            await self._settle(other)
            merged = self._journal.state(other)
            left = merged.merged.left if merged is not None and merged.merged is not None else {}
            body["left"] = dict(left)
        elif verdict != "done":
            body |= {"why": verdict, "into": now}
        else:
            return
        await self._advance(self._wall(self._leads[keep], line.at) - SHORT)
        await self._leads[keep].leads.merge_side(keep, body)
        await self._settle(keep)

    async def _tell_all(self, line: PublishLine | PauseLine) -> None:
        """Publish, pause or resume: each lead in flight is given it, in the order of `leads`."""
        if isinstance(line, PublishLine):
            self._newest = line.program
            self._programs.publish(line.program, in_flight=line.in_flight, recheck=line.recheck)
            body = publication_body(line.program.digest, line.in_flight, recheck=line.recheck)
        elif line.pause:
            self._programs.pause(self._newest.program)
            body = {"do": "pause"}
        else:
            self._programs.resume(self._newest.program)
            body = {"do": "resume"}
        await self._tell([one.lead for one in self._in_flight()], body, line.at)

    async def _reengage(self, line: RunLine) -> None:
        """One run of the newest version's schedule, over the stored states."""
        chosen = select(self._in_flight(), self._newest, line.run, line.at, self._versions)
        await self._tell(chosen.taken, reengage_body(line.run, self._newest.digest), line.at)

    def _versions(self, state: LeadState) -> Versions:
        return Versions(
            load=self._programs.load,
            newest=lambda: self._newest.digest,
            paused=lambda: self._programs.paused(state.program),
            timeline=lambda: self._journal.cycle(state.lead, state.cycle_at),
        )

    def _in_flight(self) -> list[LeadState]:
        states = (self._journal.state(lead) for lead in self._leads)
        return [one for one in states if one is not None and not one.closed]

    async def _tell(self, leads: Collection[str], body: Json, at: datetime) -> None:
        """Send these leads what their program does, in the order of `leads`."""
        for lead, simulated in sorted(self._leads.items(), key=lambda one: one[1].place):
            state = self._journal.state(lead) if lead in leads else None
            if state is not None and not state.closed:
                await self._advance(self._wall(simulated, at) - SHORT)
                await simulated.leads.program(lead, {**body, "arrived": write_instant(at)})
                await self._settle(lead)

    async def _run_until(self, at: datetime, *, including: bool) -> None:
        while (lead := self._next_due()) is not None:
            simulated = self._leads[lead]
            due = simulated.wake
            if due is None or due > at or (due == at and not including):
                return
            await self._advance(self._wall(simulated, due))
            await self._settle(lead)
            await self._settle_passed()

    def _next_due(self) -> str | None:
        due = [
            (simulated.wake, simulated.place, lead)
            for lead, simulated in self._leads.items()
            if simulated.wake is not None
        ]
        return min(due)[2] if due else None

    def _wall(self, simulated: _SimulatedLead, at: datetime) -> datetime:
        """The server's instant for an instant of this lead's clock."""
        return self._zero + (at - simulated.begins)

    async def _advance(self, wall: datetime) -> None:
        left = wall - await self._env.get_current_time()
        if left > timedelta():
            await _limited(self._env.sleep(left), f"a jump of the server's clock to {wall}")

    async def _settle(self, lead: str) -> None:
        """Wait until the lead has taken its turn and nothing of it is under way."""
        simulated = self._leads[lead]
        before = simulated.turn

        async def settled() -> None:
            while True:
                if self._reports.pace(lead)[0] > before and await self._quiet(lead):
                    simulated.turn, simulated.wake = self._reports.pace(lead)
                    now = await self._env.get_current_time()
                    if simulated.wake is None or self._wall(simulated, simulated.wake) > now:
                        return
                await asyncio.sleep(_PAUSE)

        await _limited(settled(), f"lead {lead} after its turn {before}")

    async def _quiet(self, lead: str) -> bool:
        """Whether no task and no activity of the lead is open, by its history.

        The history is read because a query right after continue-as-new, when the new run has
        taken no task yet, hangs in the worker for ever.
        """
        tasks = activities = 0
        handle = self._env.client.get_workflow_handle(workflow_id(lead))
        async for event in handle.fetch_history_events():
            tasks += _TASKS.get(event.event_type, 0)
            activities += _ACTIVITIES.get(event.event_type, 0)
        return tasks == activities == 0

    async def _settle_passed(self) -> None:
        """Settle the leads whose due instants the server's clock has passed meanwhile."""
        now = await self._env.get_current_time()
        for lead, simulated in self._leads.items():
            if simulated.wake is not None and self._wall(simulated, simulated.wake) <= now:
                await self._settle(lead)


def _written(given: Event | Act) -> Json:
    """The input as its sender would write it."""
    fields = dataclasses.asdict(given)
    left_out = ("arrived", "ref", "duplicate")
    return {
        name: write_instant(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None and name not in left_out
    }
