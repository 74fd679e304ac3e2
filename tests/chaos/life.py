"""What a chaos run does to its leads: partners post events, owners act, recipients unsubscribe."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from adapters.reports.leads import SqlReports
from adapters.sql.arrivals import SqlArrivals
from adapters.sql.database import Database
from tests.chaos.auditor import AttemptedAct, TimelineRead
from tests.chaos.snapshot import entries_of
from tests.chaos.stack import ChaosStack
from usecases.acting import ActDone, ActUnanswered, perform
from usecases.viewer import ADMIN

STOOD_SECONDS = 30
"""An entry that was read so long ago may not change any more."""
_PATIENT_SECONDS = 80
_LAUNCHING = 0.15
"""The part of a run in which leads are enrolled; on a busy machine that takes longer."""
_EVENT_KINDS = {
    "form.submitted": 6,
    "email.unsubscribed": 3,
    "product.activated": 7,
    "page.viewed": 84,
}
"""Kinds of events, and how many of a hundred are one."""


class _HeardArrivals(SqlArrivals):
    """Says when it was first stored that an act arrived: from then on it counts as in time."""

    def __init__(self, database: Database, act: AttemptedAct, now: Callable[[], datetime]) -> None:
        super().__init__(database)
        self._act, self._now = act, now

    def keep(self, lead: str, act: str, said: str, arrived: datetime) -> None:
        """Store it; say so once it is committed."""
        super().keep(lead, act, said, arrived)
        self._act.asked = self._act.asked or self._now()


class Life:
    """One run: what is asked of the leads, and what was answered.

    The seed decides what is asked. It does not decide how the machine schedules it.
    """

    def __init__(self, stack: ChaosStack, seed: int, leads: int, seconds: float) -> None:
        self._stack = stack
        self._seed = seed
        self._seconds = seconds
        self.leads = [f"l{n:03}" for n in range(leads)]
        self._live: list[str] = []
        self.accepted: set[tuple[str, str]] = set()
        self.acts: list[AttemptedAct] = []
        self._first_read: dict[tuple[str, int], tuple[float, TimelineRead]] = {}
        self.stood: dict[tuple[str, int], TimelineRead] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._end = 0.0

    def chance(self, role: str) -> random.Random:
        """A random source of its own for each role, so that roles don't disturb each other."""
        return random.Random(f"{self._seed}-{role}")

    @property
    def launched(self) -> bool:
        """Whether every lead was enrolled."""
        return len(self._live) == len(self.leads)

    def left(self) -> float:
        """Seconds until the run's end; they are counted as soon as every lead was enrolled."""
        return self._end - time.monotonic() if self.launched else self._seconds

    async def run(self, speed: float, beside: Callable[[], Awaitable[None]]) -> None:
        """Live for the run's seconds, `beside` something; then wait for all answers.

        A machine that is slow to enrol leads makes a run longer, not its faults fewer.
        """
        self.now: Callable[[], datetime] = self._stack.clocked(speed)
        await asyncio.gather(
            self._launch(), self._stream(), self._people(), self._read_along(), beside()
        )
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=90)
        for name in ("relay", "crm"):
            self._stack.mode(name, "ok")

    def _go(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _launch(self) -> None:
        for n, lead in enumerate(self.leads):
            profile = {
                "email": f"{lead}@d{n % 7}.example",
                "employees": 300 if n % 3 else 20,
                "country": "DE" if n % 5 == 0 else "US",
            }
            enrol = self._stack.leads.enrol
            await patiently(partial(enrol, lead, self._stack.program, profile))
            self._end = time.monotonic() + self._seconds * (1 - _LAUNCHING)
            self._live.append(lead)
            await asyncio.sleep(self._seconds * _LAUNCHING / len(self.leads))

    async def _stream(self) -> None:
        chance, n = self.chance("stream"), 0
        kinds, weights = list(_EVENT_KINDS), list(_EVENT_KINDS.values())
        async with httpx.AsyncClient(timeout=30) as http:
            while self.left() > 0:
                events = []
                for _ in range(chance.choice((1, 1, 1, 2, 5)) if self._live else 0):
                    n += 1
                    kind = chance.choices(kinds, weights)[0]
                    subject = "demo" if kind == "form.submitted" else f"/p{n % 9}"
                    lead = chance.choice(self._live)
                    events.append({"id": f"e{n}", "lead": lead, "type": kind, "subject": subject})
                if events:
                    twice = chance.random() < 0.05
                    self._go(self._post(http, [*events, dict(events[0])] if twice else events))
                await asyncio.sleep(0.25)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=60)

    async def _post(self, http: httpx.AsyncClient, events: list[dict[str, str]]) -> None:
        """Post until it is taken, as a partner does, for at most a minute."""
        url = f"http://127.0.0.1:{self._stack.ports['gateway']}/v1/events"
        headers = {"authorization": f"Bearer {self._stack.key}"}
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                answer = await http.post(url, json={"events": events}, headers=headers)
            except httpx.HTTPError:
                await asyncio.sleep(0.4)
                continue
            if answer.is_success:
                self.accepted |= {
                    (one["lead"], one["id"])
                    for one, result in zip(events, answer.json()["results"], strict=True)
                    if result["status"] != "rejected"
                }
                return
            await asyncio.sleep(0.4)

    async def _people(self) -> None:
        """Owners work what they are given; a manager writes notes."""
        chance, n = self.chance("people"), 0
        seen: set[tuple[Any, ...]] = set()
        sql = (
            "select id, stage, owner, handoff from leads"
            " where stage in ('mql', 'sal') and owner is not null"
        )
        while self.left() > 0:
            await asyncio.sleep(0.4)
            try:
                rows = await asyncio.to_thread(self._stack.rows, sql)
            except Exception:  # noqa: BLE001, S112 - the database is away: nobody sees a list
                continue
            for row in (row for row in rows if row not in seen):
                seen.add(row)
                self._work(chance.random(), *row[:3])
            if self._live and chance.random() < 0.8:
                n += 1
                lead = chance.choice(self._live)
                self._go(self._act(lead, "note", "morgan@acme.example", note=f"note-{n}"))

    def _work(self, draw: float, lead: str, stage: str, owner: str) -> None:
        if stage == "mql" and draw < 0.6:
            self._go(self._act(lead, "accept", owner))
        elif stage == "sal":
            self._go(self._act(lead, "touch", owner, channel="call"))
            if draw < 0.4:
                self._go(self._act(lead, "recycle", owner, reason="not_now"))
            elif draw < 0.6:
                self._go(self._act(lead, "qualify", owner))

    async def _act(self, lead: str, do: str, by: str, **more: str) -> None:
        """Act until there is an answer, with the same id each time, as a door does.

        The use case stores when the act arrived. The doors of this run's gateway would date it by
        the wall clock, and leads live on a faster one; so the use case is called here, with theirs.
        """
        done = AttemptedAct(lead, do, by, note=more.get("note", ""))
        self.acts.append(done)
        fields, began = {"by": by, "id": uuid.uuid4().hex, **more}, time.monotonic()
        arrivals = _HeardArrivals(self._stack.db, done, self.now)

        async def ask() -> None:
            outcome = await perform(
                SqlReports(self._stack.db),
                self._stack.leads,
                arrivals,
                ADMIN.through("chaos"),
                lead=lead,
                do=do,
                fields=fields,
                now=self.now(),
            )
            if isinstance(outcome, ActUnanswered):
                raise TimeoutError(outcome.cause)
            done.answer = "ok" if isinstance(outcome, ActDone) else "refused"

        with contextlib.suppress(Exception):  # nobody answered in time: it may be done or not
            await patiently(ask)
        done.seconds = round(time.monotonic() - began, 2)

    async def _read_along(self) -> None:
        """Read the timelines now and then, and keep what has stood for long."""
        while self.left() > 0:
            await asyncio.sleep(5)
            try:
                entries = await asyncio.to_thread(entries_of, self._stack)
            except Exception:  # noqa: BLE001, S112 - the database is away
                continue
            read = time.monotonic()
            for one in entries:
                key = (one.lead, one.seq)
                since, was = self._first_read.get(key, (read, one))
                if was != one:
                    since, was = read, one
                self._first_read[key] = (since, was)
                if read - since > STOOD_SECONDS:
                    self.stood.setdefault(key, was)


async def patiently(doing: Callable[[], Awaitable[object]]) -> None:
    """Do it again while a server is away, for at most 80 seconds."""
    until = time.monotonic() + _PATIENT_SECONDS
    while True:
        try:
            await doing()
        except (ValueError, LookupError):
            raise
        except Exception:  # Temporal or the database is away
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.5)
        else:
            return
