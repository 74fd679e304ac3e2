"""The cast of a demonstration: prospects and sales people who act through the real doors.

They read the mail that arrives by SMTP and live by the program's clock. Prospects answer
through the doors that the world has (doors.py). Sales people act half by the buttons of alerts
and at the desk (desk_visits.py), half by Temporal updates, as a CRM would. What they do is in
prospects.py and salespeople.py.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from functools import partial
from zoneinfo import ZoneInfo

from adapters.temporal.client import Leads
from demonstration.desk_visits import DeskVisits
from demonstration.doors import Doors
from lifecycle.stable_hash import stable_hash
from models.envelopes import ProgramClock
from models.instants import write_instant
from models.refusal import RefusedError
from simulation.people.prospects import Prospect, Reaction
from simulation.people.salespeople import Deed, deeds

_AT_ONCE = 16
"""Messages under way at the same time."""
_OVER_HTTP = 0.5
"""The share of their acts that sales people do over HTTP."""
_SITTING = timedelta(hours=6)
"""Events of one person this close together are told in one batch."""


class Cast:
    """Everybody but leadflow itself."""

    def __init__(
        self,
        leads: Leads,
        doors: Doors,
        desk: DeskVisits,
        *,
        clock: ProgramClock,
        zones: Mapping[str, ZoneInfo],
        closers: Collection[str],
    ) -> None:
        """`zones`: each lead's time zone; `closers`: sales people who work opportunities."""
        self._leads = leads
        self._doors = doors
        self._desk = desk
        self._clock = clock
        self._prospects = {lead: Prospect(lead, zone) for lead, zone in zones.items()}
        self._closers = closers
        self._mailbox: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._plans: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = []
        self._numbers = itertools.count()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._news = asyncio.Event()
        self._over = False
        self.done: Counter[str] = Counter()
        """What was done so far: by prospects, as doors name it, acts by name, and `refused`; how
        acts came: `by_button`, `by_desk`, `by_update`."""

    def mail(self, mail: EmailMessage) -> None:
        """Take a mail that has arrived; to be called from any thread."""
        self._loop.call_soon_threadsafe(self._mailbox.put_nowait, mail)

    def now(self) -> datetime:
        """The program's instant."""
        return self._clock.now(datetime.now(UTC))

    def end(self) -> None:
        """End the play: what is under way is finished, nothing more is begun."""
        self._over = True
        self._news.set()

    async def play(self) -> None:
        """Act until the end. An error of the world ends the play and is raised."""
        async with asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(self._read_mail())
            while not self._over:
                wait = self._next_plan()
                if wait <= 0 and self._plans:
                    _, _, plan = heapq.heappop(self._plans)
                    await self._room.acquire()
                    tasks.create_task(self._carry_out(plan))
                    continue
                self._news.clear()
                try:
                    async with asyncio.timeout(wait if self._plans else None):
                        await self._news.wait()
                except TimeoutError:
                    continue
            reader.cancel()

    def _next_plan(self) -> float:
        if not self._plans:
            return 0.0
        return self._clock.wait(self._plans[0][0] - self.now()).total_seconds()

    async def _carry_out(self, plan: Callable[[], Awaitable[None]]) -> None:
        try:
            await plan()
        finally:
            self._room.release()

    def _plan(self, at: datetime, plan: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._plans, (at, next(self._numbers), plan))
        self._news.set()

    async def _read_mail(self) -> None:
        while True:
            mail = await self._mailbox.get()
            lead = str(mail["X-Leadflow-Lead"])
            alert = mail["X-Leadflow-Alert"]
            if alert is None:
                self._prospect_reads(lead, mail)
            elif str(alert) == "sign_in":
                self._desk.way_in(parseaddr(str(mail["To"]))[1], mail)
            else:
                self._sales_reads(parseaddr(str(mail["To"]))[1], lead, str(alert), mail)

    def _prospect_reads(self, lead: str, mail: EmailMessage) -> None:
        prospect = self._prospects.get(lead)
        if prospect is None:
            return
        for batch in _sittings(prospect.react(str(mail["X-Leadflow-Email"]), self.now())):
            self._plan(batch[-1].at, partial(self._react, lead, mail, batch))

    async def _react(self, lead: str, mail: EmailMessage, batch: Sequence[Reaction]) -> None:
        for one in batch:
            if one.do != "tell":
                await self._do_with_mail(mail, one)
                self.done[one.do] += 1
        events = [
            {"id": f"{lead}-{next(self._numbers)}", "at": write_instant(one.at), **one.event}
            for one in batch
            if one.do == "tell"
        ]
        if events:
            await self._doors.tell(lead, events)
            self.done.update(event["type"] for event in events)

    async def _do_with_mail(self, mail: EmailMessage, one: Reaction) -> None:
        match one.do:
            case "open":
                await self._doors.open(mail)
            case "click":
                await self._doors.click(mail)
            case "scan":
                await self._doors.scan(mail)
            case "unsubscribe":
                await self._doors.unsubscribe(mail)
            case "bounce":
                await self._doors.bounce(mail, self.now())
            case "complain":
                await self._doors.complain(mail, self.now())
            case "reply":
                await self._doors.reply(mail, self.now())
            case "away" if one.back is not None:
                await self._doors.away(mail, self.now(), one.back)

    def _sales_reads(self, person: str, lead: str, alert: str, mail: EmailMessage) -> None:
        plan = deeds(person, lead, alert, closes=person in self._closers)
        self._go_on(person, lead, plan, mail)

    def _go_on(self, person: str, lead: str, plan: Sequence[Deed], mail: EmailMessage) -> None:
        if plan:
            at = self.now() + plan[0].after
            self._plan(at, partial(self._do, person, lead, plan, mail))

    async def _do(self, person: str, lead: str, plan: Sequence[Deed], mail: EmailMessage) -> None:
        deed = plan[0]
        try:
            way = await self._acted(person, lead, plan, mail)
        except RefusedError:
            self.done["refused"] += 1
            return
        self.done.update((deed.do, way))
        self._go_on(person, lead, plan[1:], mail)

    async def _acted(self, person: str, lead: str, plan: Sequence[Deed], mail: EmailMessage) -> str:
        """Act by one of the ways there are; which one, for `done`."""
        deed = plan[0]
        if stable_hash("way", person, lead, str(len(plan))) < _OVER_HTTP:
            if deed.do == "accept":
                await self._desk.press(mail)
                return "by_button"
            await self._desk.act(person, lead, deed.do, deed.fields)
            return "by_desk"
        await self._leads.act(lead, deed.do, {"by": person, **deed.fields})
        return "by_update"


def _sittings(reactions: Sequence[Reaction]) -> list[list[Reaction]]:
    batches: list[list[Reaction]] = []
    for one in reactions:
        if batches and one.at - batches[-1][0].at <= _SITTING:
            batches[-1].append(one)
        else:
            batches.append([one])
    return batches
