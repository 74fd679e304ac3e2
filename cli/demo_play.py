"""A demonstration on a stack of its own: leads are launched, the people act, all is compared."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import httpx

from adapters.delivery.catcher import messages
from adapters.files.leads import CheckedLeads, checked_leads
from adapters.reports.audit import SqlAudit
from adapters.reports.funnel import SqlFunnel
from adapters.reports.leads import SqlReports
from adapters.reports.sla import SqlSla
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database, open_database
from adapters.temporal.client import Leads
from assembly.settings import Settings
from assembly.stack import SHUTDOWN_GRACE, Ports, Stack, running_stack
from demonstration.agreement import Agreement, compare
from demonstration.board import BoardAtTheEnd
from demonstration.change_in_play import PlanTruth, PublishedChange
from demonstration.course import Course
from demonstration.desk_client import DeskClient
from demonstration.figures import Figures
from demonstration.people import SimulatedPeople
from demonstration.prospect_client import ProspectClient
from demonstration.retries import PATIENT, persistently
from lifecycle.program.profile import lead_zone
from models.envelopes import ProgramClock
from models.program.program import Program
from simulation.impact import Impact

BEGINS = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""The program's instant at the beginning: a Monday, nine o'clock in New York."""
FASTEST = 86_400.0
"""A day a second."""
_STARTS_FOR_FASTEST = 30.0
"""Leads a second that a machine must start, of a few at once, to keep up with a day a second."""
_SPEED_SAMPLE = 12
"""Leads started to find out how fast this machine is."""
_HTTP_SECONDS = 30.0
_REFRESH_SECONDS = 0.5

Publish = Callable[[Database], Program]
"""Publishes the demonstration's program and teams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The list that is launched, how long it takes (real seconds), and where files are kept."""

    leads: Path
    seconds: int
    home: Path
    changed: Program | None
    """Published in mid-play; None: nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProgress:
    """A demonstration as it stands, for the screen."""

    share: float
    """Of the time that it takes."""
    now: datetime
    """The program's instant."""
    speed: float
    """Of the program's clock: its seconds a real second."""
    ui: str
    """Where Temporal's web UI is."""
    funnel: SqlFunnel
    sla: SqlSla
    people: SimulatedPeople


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """A demonstration that has ended."""

    figures: Figures
    board: BoardAtTheEnd
    agreement: Agreement
    truth: PlanTruth | None
    """Of the plan by which a changed program was published; None if none was."""
    rejected: int
    """Rows of the list."""
    done: Mapping[str, int]
    """Events and acts of the people, by name."""
    failures: tuple[str, ...]
    """What failed for one of the people at every try, each a sentence."""
    places: Mapping[str, str]

    @property
    def differences(self) -> tuple[str, ...]:
        """What differs between records, or from the plan; each a sentence."""
        return (*self.agreement.differences, *(self.truth.differences if self.truth else ()))


class _MailRelay:
    """Hands mail to the people once there are any; called from the mailbox's thread."""

    def __init__(self) -> None:
        self.people: SimulatedPeople | None = None

    def __call__(self, mail: EmailMessage) -> None:
        if self.people is not None:
            self.people.mail(mail)


def _isolated(settings: Settings, home: Path) -> Settings:
    """A demonstration's files are its own, and no CRM and no chat hears of it."""
    return settings.model_copy(
        update={"home": home, "database_url": "", "crm_url": "", "alert_webhooks": {}}
    )


async def sustainable_speed(settings: Settings, options: DemoOptions, publish: Publish) -> float:
    """How fast the clock may go: a day a second, less where this machine can't keep up.

    A few leads are started on a stack of their own, which is thrown away.
    """
    with tempfile.TemporaryDirectory() as folder:
        alone = _isolated(settings, Path(folder))
        async with running_stack(alone, Ports()) as stack:
            copy = Path(shutil.copy(options.leads, folder))
            database = open_database(stack.settings.database)
            try:
                program = publish(database)
                leads = Leads(stack.client, stack.world.journal)
                with checked_leads(copy, program) as checked:
                    sample = list(itertools.islice(checked, _SPEED_SAMPLE))
                began = time.monotonic()
                await asyncio.gather(*(leads.enrol(one.id, program, one.profile) for one in sample))
                # The workflow answers a query after the lead's first turn.
                await asyncio.gather(
                    *(persistently(partial(leads.standing, one.id), PATIENT) for one in sample)
                )
                per_second = len(sample) / (time.monotonic() - began)
            finally:
                database.close()
    return FASTEST * min(1.0, per_second / _STARTS_FOR_FASTEST)


async def play(
    settings: Settings,
    options: DemoOptions,
    publish: Publish,
    *,
    speed: float,
    show: Callable[[DemoProgress], None],
    planned: Callable[[Impact], None],
    ended: Callable[[], None],
) -> DemoResult:
    """Play the demonstration, and compare what journal, mailbox and Temporal say afterwards.

    `show` is called twice a second, `planned` before the changed program is published, `ended`
    before the comparison. Raises what `running_stack` raises, and TemporalUnavailableError if the
    leads that were launched take no turn.
    """
    relay = _MailRelay()
    alone = _isolated(settings, options.home)
    clock = ProgramClock(wall=datetime.now(UTC), program=BEGINS, speed=speed)
    async with running_stack(alone, Ports(), on_mail=relay, clock=clock) as stack:
        # Rejected rows are written beside the file; the shipped file's folder is not ours.
        copy = Path(shutil.copy(options.leads, options.home))
        database = open_database(stack.settings.database)
        try:
            program = publish(database)
            with checked_leads(copy, program) as checked:
                demonstration = _Demonstration(
                    options, stack, database, copy, checked, program=program, clock=clock
                )
                result = await demonstration.run(relay, show, planned, ended)
        finally:
            database.close()
    await asyncio.sleep(SHUTDOWN_GRACE)
    return result


class _Demonstration:
    """One demonstration on a running stack."""

    def __init__(
        self,
        options: DemoOptions,
        stack: Stack,
        database: Database,
        file: Path,
        checked: CheckedLeads,
        *,
        program: Program,
        clock: ProgramClock,
    ) -> None:
        self._options = options
        self._stack = stack
        self._course = Course(stack.client, database, file, checked, program)
        self._checked = checked
        self._program = program
        self._clock = clock
        self._database = database
        self._funnel = SqlFunnel(database)
        self._leads = Leads(stack.client, stack.world.journal, clock=clock)

    async def run(
        self,
        relay: _MailRelay,
        show: Callable[[DemoProgress], None],
        planned: Callable[[Impact], None],
        ended: Callable[[], None],
    ) -> DemoResult:
        key = SqlApiKeys(self._database).make("demonstration", ["leads:write", "events:write"])
        desk = DeskClient(self._stack.gateway)
        async with httpx.AsyncClient(timeout=_HTTP_SECONDS) as http:
            prospects = ProspectClient(
                http, url=self._stack.gateway, inbound=self._stack.inbound_port, key=key
            )
            people = relay.people = self._people(prospects, desk)
            living = asyncio.create_task(people.live())
            try:
                change = await self._launch_and_wait(people, living, show, planned)
            finally:
                people.end()
                await living
                await desk.close()
        ended()
        timelines = SqlReports(self._database).timeline
        now = people.now()
        return DemoResult(
            figures=Figures.read(self._database, lasted=now - BEGINS),
            board=BoardAtTheEnd.read(self._database, self._program.program, now),
            agreement=await compare(
                SqlAudit(self._database), lambda: messages(self._stack.mail), self._leads
            ),
            truth=await asyncio.to_thread(change.truth, timelines) if change else None,
            rejected=self._checked.rejected,
            done=dict(people.done),
            failures=tuple(people.failures),
            places={**self._stack.places(), "home": str(self._options.home)},
        )

    def _people(self, prospects: ProspectClient, desk: DeskClient) -> SimulatedPeople:
        teams = self._stack.world.people.directory().teams
        handoff = self._program.handoff
        second = handoff.second_teams if handoff is not None else ()
        return SimulatedPeople(
            self._leads,
            prospects,
            desk,
            clock=self._clock,
            zones={one.id: lead_zone(one.profile, self._program) for one in self._checked},
            closers={one.email for team in second for one in teams[team].members},
        )

    async def _launch_and_wait(
        self,
        people: SimulatedPeople,
        living: asyncio.Task[None],
        show: Callable[[DemoProgress], None],
        planned: Callable[[Impact], None],
    ) -> PublishedChange | None:
        """Launch the list, show how it goes, and return when the time is over."""
        seconds = self._options.seconds
        ends = time.monotonic() + seconds
        course = asyncio.create_task(
            self._course.play(self._options.changed, seconds, people.now, planned)
        )
        try:
            while (left := ends - time.monotonic()) > 0:
                for task in (living, course):
                    if task.done():
                        await task  # raises what stopped it
                show(
                    DemoProgress(
                        share=1 - left / seconds,
                        now=people.now(),
                        speed=self._clock.speed,
                        ui=self._stack.ui,
                        funnel=self._funnel,
                        sla=SqlSla(self._database),
                        people=people,
                    )
                )
                await asyncio.sleep(min(_REFRESH_SECONDS, left))
            return await course
        finally:
            course.cancel()
