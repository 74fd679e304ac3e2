"""The demonstration's people: prospects and sales people, who act through the real interfaces.

They read the mail that arrives by SMTP and live by the program's clock. Prospects answer by HTTP
and mail (prospect_client.py). Sales people act half by the buttons of alerts and at the desk
(desk_client.py), half by Temporal updates, as a CRM would. What they do is decided in
`simulation/people`. If something fails for one of them at every try, it is counted, and the others
go on.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from adapters.mail.alert_bundle import alerts_in
from demonstration.desk_client import DeskClient
from demonstration.prospect_client import ProspectClient
from demonstration.retries import PAUSES, persistently
from lifecycle.stable_hash import stable_hash
from models.envelopes import Json, ProgramClock
from models.instants import write_instant
from models.refusal import RefusedError
from simulation.people.prospects import Prospect, Reaction
from simulation.people.salespeople import PlannedAct, planned_acts

_AT_ONCE = 16
"""Requests under way at the same time."""
_OVER_HTTP = 0.5
"""The share of their acts that sales people do over HTTP."""
_BATCH_SPAN = timedelta(hours=6)
"""Events of one person within this time are sent in one request."""
_FINISH_SECONDS = 60.0
"""How long what is under way at the end may take; the rest is cancelled and counted as failed."""


@dataclass(order=True, slots=True)
class _Step:
    """Something that a person will do at a program instant."""

    at: datetime
    number: int
    who: str = field(compare=False)
    do: Callable[[], Awaitable[None]] = field(compare=False)


class ActsOnLeads(Protocol):
    """What sales people ask of Temporal; `adapters.temporal.client.Leads` has it."""

    async def act(self, lead: str, do: str, fields: Json) -> None:
        """Act on a lead. Raises RefusedError."""
        ...


class SimulatedPeople:
    """Everybody but leadflow itself."""

    def __init__(
        self,
        leads: ActsOnLeads,
        prospect_client: ProspectClient,
        desk: DeskClient,
        *,
        clock: ProgramClock,
        zones: Mapping[str, ZoneInfo],
        closers: Collection[str],
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        """`zones`: each lead's time zone; `closers`: sales people who work opportunities."""
        self._leads = leads
        self._prospect_client = prospect_client
        self._desk = desk
        self._clock = clock
        self._prospects = {lead: Prospect(lead, zone) for lead, zone in zones.items()}
        self._closers = closers
        self._pauses = pauses
        self._mailbox: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._steps: list[_Step] = []
        self._numbers = itertools.count()
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._changed = asyncio.Event()
        self._over = False
        self._limit: asyncio.Timeout | None = None
        self.done: Counter[str] = Counter()
        """What was done so far: by prospects, as reactions and events are named, acts by name,
        and `refused`; how acts came: `by_button`, `by_desk`, `by_update`."""
        self.failures: list[str] = []
        """What failed at every try, each a sentence that names the person."""

    def mail(self, mail: EmailMessage) -> None:
        """Take a mail that has arrived; to be called from any thread."""
        self._loop.call_soon_threadsafe(self._mailbox.put_nowait, mail)

    def now(self) -> datetime:
        """The program's instant."""
        return self._clock.now(datetime.now(UTC))

    def end(self) -> None:
        """Begin nothing more; what is under way has a minute to finish."""
        self._over = True
        self._changed.set()
        if self._limit is not None:
            self._limit.reschedule(self._loop.time() + _FINISH_SECONDS)

    async def live(self) -> None:
        """Act until the end. What fails for one person is put into `failures`."""
        try:
            async with asyncio.timeout(None) as self._limit, asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(self._read_mail())
                while not self._over:
                    await self._next_step(tasks)
                reader.cancel()
        except TimeoutError:
            return  # each step that was cancelled is in `failures`

    async def _next_step(self, tasks: asyncio.TaskGroup) -> None:
        """Begin the step that is due, or wait for one."""
        wait = self._seconds_to_next()
        if wait is not None and wait <= 0:
            step = heapq.heappop(self._steps)
            await self._free.acquire()
            tasks.create_task(self._carry_out(step))
            return
        self._changed.clear()
        try:
            async with asyncio.timeout(wait):
                await self._changed.wait()
        except TimeoutError:
            return

    def _seconds_to_next(self) -> float | None:
        """Until the next step is due; None if there is none."""
        if not self._steps:
            return None
        return self._clock.wait(self._steps[0].at - self.now()).total_seconds()

    async def _carry_out(self, step: _Step) -> None:
        try:
            await step.do()
        except asyncio.CancelledError:
            self.failures.append(f"{step.who}: was not answered before the end")
            raise
        except Exception as error:  # noqa: BLE001  # one person's failure must not stop the others
            self._failed(step.who, error)
        finally:
            self._free.release()

    def _failed(self, who: str, error: Exception) -> None:
        self.failures.append(f"{who}: {str(error) or type(error).__name__}")

    def _plan(self, at: datetime, who: str, do: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._steps, _Step(at, next(self._numbers), who, do))
        self._changed.set()

    async def _read_mail(self) -> None:
        while True:
            mail = await self._mailbox.get()
            try:
                self._read(mail)
            except Exception as error:  # noqa: BLE001  # one mail must not hide the others
                self._failed(str(mail["To"]), error)

    def _read(self, mail: EmailMessage) -> None:
        alert = mail["X-Leadflow-Alert"]
        if alert is None:
            self._prospect_reads(str(mail["X-Leadflow-Lead"]), mail)
        elif str(alert) == "sign_in":
            self._desk.take_link(parseaddr(str(mail["To"]))[1], mail)
        else:
            for lead, why, text in alerts_in(mail):
                self._salesperson_reads(parseaddr(str(mail["To"]))[1], lead, why, text)

    def _prospect_reads(self, lead: str, mail: EmailMessage) -> None:
        prospect = self._prospects.get(lead)
        if prospect is None:
            return
        for batch in _batches(prospect.react(str(mail["X-Leadflow-Email"]), self.now())):
            self._plan(batch[-1].at, lead, partial(self._react, lead, mail, batch))

    async def _react(self, lead: str, mail: EmailMessage, batch: Sequence[Reaction]) -> None:
        for one in batch:
            if one.do != "event":
                await self._do_with_mail(mail, one)
                self.done[one.do] += 1
        events = [
            {"id": f"{lead}-{next(self._numbers)}", "at": write_instant(one.at), **one.event}
            for one in batch
            if one.do == "event"
        ]
        if events:
            await self._prospect_client.send_events(lead, events)
            self.done.update(event["type"] for event in events)

    async def _do_with_mail(self, mail: EmailMessage, one: Reaction) -> None:
        prospect = self._prospect_client
        match one.do:
            case "open":
                await prospect.load_images(mail)
            case "click":
                await prospect.follow_link(mail)
            case "scan":
                await prospect.follow_all_links(mail)
            case "unsubscribe":
                await prospect.unsubscribe(mail)
            case "bounce":
                await prospect.return_to_sender(mail, self.now())
            case "complain":
                await prospect.complain(mail, self.now())
            case "reply":
                await prospect.reply(mail, self.now())
            case "away" if one.back is not None:
                await prospect.reply_out_of_office(mail, self.now(), one.back)

    def _salesperson_reads(self, person: str, lead: str, why: str, alert: str) -> None:
        acts = planned_acts(person, lead, why, closes=person in self._closers)
        self._plan_next(person, lead, acts, alert)

    def _plan_next(self, person: str, lead: str, acts: Sequence[PlannedAct], alert: str) -> None:
        if acts:
            at = self.now() + acts[0].after
            self._plan(at, person, partial(self._act, person, lead, acts, alert))

    async def _act(self, person: str, lead: str, acts: Sequence[PlannedAct], alert: str) -> None:
        """Do the first of these acts, and plan the others."""
        act = acts[0]
        over_http = stable_hash("way", person, lead, str(len(acts))) < _OVER_HTTP
        try:
            if over_http and act.do == "accept":
                way = "by_button"
                await self._desk.accept(alert)
            elif over_http:
                way = "by_desk"
                await self._desk.act(person, lead, act.do, act.fields)
            else:
                way = "by_update"
                # With one id for all tries the act is done once.
                message = {"by": person, "id": uuid.uuid4().hex, **act.fields}
                await persistently(partial(self._leads.act, lead, act.do, message), self._pauses)
        except RefusedError:
            self.done["refused"] += 1
            return
        self.done.update((act.do, way))
        self._plan_next(person, lead, acts[1:], alert)


def _batches(reactions: Sequence[Reaction]) -> list[list[Reaction]]:
    batches: list[list[Reaction]] = []
    for one in reactions:
        if batches and one.at - batches[-1][0].at <= _BATCH_SPAN:
            batches[-1].append(one)
        else:
            batches.append([one])
    return batches
