"""Carry a launch out, one batch of its rows after the other (the worker calls it).

The effect of a batch and the place of the launch are stored in one transaction. Then the leads are
sent what was stored. So whoever goes on after a crash neither leaves a row out nor does it twice.

The next batch waits until most leads of the batches before have taken their turn, but for a few
seconds only. So a launch that is faster than the worker does not fill it with turns, behind which
everybody's acts would wait, and a worker that is always busy does not stop a launch.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.engine import Connection
from temporalio.service import RPCError

from activities.paced import MOST_UNTAKEN, Taking, Turns
from adapters.files.leads import read_checked
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import turns_in
from adapters.sql.launches import CreatedLead, RowResult, SqlLaunches
from adapters.sql.programs import SqlPrograms
from lifecycle.moves.launch_undo import LAUNCH_UNDONE, touch
from models.envelopes import Json, LaunchProgress
from models.launch import CLOSED, UNDO, Launch, LaunchRow, Standing
from usecases.launching import store_rows_in
from usecases.relay import Relay

ROWS_AT_ONCE = 20
"""Rows of a batch, one transaction. With those before it 30 leads wait for their turn, or more if
the worker is slower than `_WORKER_SECONDS` allows."""
_WORKER_SECONDS = 3.0
"""So long a batch waits for the worker at most. Else a worker that has always something else to do
would stop a launch."""
_POLL_SECONDS = 0.05
_STUCK_SECONDS = 5.0
"""Rows of a batch that are not relayed for so long do not hold up the next batch."""
_AWAY_SECONDS = 5.0
"""If no row of a batch gets through, Temporal is away: the launch waits for so long."""
_LAST_SECONDS = 1.0
"""How often the end of the last rows is looked for."""
MOST_SWEEPS = 8
"""A lead that does not answer its undo in so many sweeps, about two minutes, is left."""

_log = structlog.get_logger(__name__)


class LaunchedLeads(Protocol):
    """How a lead is reached; `adapters.temporal.client.Leads` is one."""

    async def program(self, lead: str, body: Json) -> None:
        """Send an open lead what becomes of it."""
        ...


@dataclass(frozen=True, slots=True)
class _Batch:
    """How many rows had their effect stored, and the leads that they concern."""

    rows: int
    leads: tuple[str, ...]
    turns: Mapping[str, int]
    """The last turn of each lead that is to take another now; 0 for a new one."""


class LaunchBatches:
    """The steps of launches. `now` is the program's clock, `turns` looks into the journal."""

    def __init__(
        self,
        launches: SqlLaunches,
        intake: SqlIntake,
        programs: SqlPrograms,
        leads: LaunchedLeads,
        relay: Relay,
        *,
        now: Callable[[], datetime],
        turns: Turns,
    ) -> None:
        self._launches = launches
        self._intake = intake
        self._programs = programs
        self._leads = leads
        self._relay = relay
        self._now = now
        self._taking = Taking(turns)

    async def step(self, number: int) -> LaunchProgress:
        """Go on by one batch at the launch's rate. Raises UnknownLaunchError."""
        launch = await asyncio.to_thread(self._launches.launch, number)
        began, pause = time.monotonic(), 0.0
        most = min(ROWS_AT_ONCE, max(1, int(launch.rate)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WORKER_SECONDS):
                await self._taking.until(MOST_UNTAKEN)
        if launch.standing == "running":
            batch = await asyncio.to_thread(self._store, number, most)
            if batch is not None and batch.rows:
                self._taking.expect(batch.turns)
                pause = await self._relayed(batch.leads)
                await _rest(began, batch.rows, launch.rate)
            elif batch is not None:
                pause = await self._last(number)
        elif launch.standing == "undoing":
            page = await asyncio.to_thread(self._launches.created_leads, launch, most)
            if page:
                await self._undo(number, page)
                await _rest(began, len(page), launch.rate)
            else:
                pause = await asyncio.to_thread(self._next_sweep, launch)
        launch = await asyncio.to_thread(self._launches.launch, number)
        return LaunchProgress(
            said=launch_words(launch),
            over=launch.standing not in ("running", "undoing"),
            pause=pause,
        )

    # Starting.

    def _store(self, number: int, most: int) -> _Batch | None:
        """Store what the next rows do; None if the launch was paused or ended meanwhile."""
        with self._launches.database.write(durable=True) as connection:
            launch = self._launches.in_transaction(connection, number, locked=True)
            if launch.standing != "running":
                return None
            rows = self._launches.next_rows(connection, launch, most)
            if not rows:
                return _Batch(0, (), {})
            results = self._results(connection, launch, [one for one in rows if one.lead])
            self._launches.settle(connection, launch, results, rows[-1].number)
            sent = [one.lead for one in results if one.outcome in ("create", "update")]
            before = turns_in(connection, sent)
        leads = tuple(one.lead for one in results if one.lead)
        return _Batch(len(rows), leads, {lead: before.get(lead, 0) for lead in sent})

    def _results(
        self, connection: Connection, launch: Launch, rows: Sequence[LaunchRow]
    ) -> list[RowResult]:
        program = self._programs.newest(launch.program)
        if program is None:
            raise LookupError(f"no program '{launch.program}' is published any more")
        leads = [lead for one in rows if (lead := read_checked(one.lead)) is not None]
        outcomes = store_rows_in(
            self._intake,
            connection,
            leads,
            program,
            conflict=launch.on_conflict,
            now=self._now(),
        )
        return [
            RowResult(number=row.number, outcome=one.status, lead=one.lead, why=one.why)
            for row, one in zip(rows, outcomes, strict=True)
        ]

    async def _relayed(self, leads: Sequence[str]) -> float:
        """Send a batch to its leads; how long to wait before the next batch (seconds)."""
        before, since = -1, time.monotonic()
        while True:
            while await self._relay.once():
                pass
            left = await asyncio.to_thread(self._intake.unfinished, leads)
            if not left:
                return 0.0
            if left != before:
                before, since = left, time.monotonic()
            elif time.monotonic() - since > _STUCK_SECONDS:
                return _AWAY_SECONDS if left >= len(leads) else 0.0
            await asyncio.sleep(_POLL_SECONDS)

    async def _last(self, number: int) -> float:
        """End the launch when all its rows have reached their leads, or were given up."""
        while await self._relay.once():
            pass
        if await asyncio.to_thread(self._launches.waiting, number):
            return _LAST_SECONDS
        await asyncio.to_thread(self._launches.give_up, number)
        running: tuple[Standing, ...] = ("running",)
        if await asyncio.to_thread(self._launches.move, number, running, "done"):
            ended = await asyncio.to_thread(self._launches.launch, number)
            await asyncio.to_thread(self._launches.forget, ended)
        return 0.0

    # Undoing.

    async def _undo(self, number: int, page: Sequence[CreatedLead]) -> None:
        """Judge the leads of a page, and send those that nobody touched that they close.

        What becomes of these is seen in the next sweep.
        """
        settled: dict[int, str] = {}
        turns = await self._taking.turns([one.lead for one in page])
        for one in page:
            said = judged(one)
            if said is not None:
                settled[one.number] = said
            elif one.seq is not None and not one.waiting:
                try:
                    await self._leads.program(one.lead, {"do": UNDO, "seq": one.seq})
                    self._taking.expect({one.lead: turns[one.lead]})
                except (RPCError, LookupError, OSError) as error:
                    _log.warning("undo: lead not reached", lead=one.lead, why=str(error))
        await asyncio.to_thread(self._launches.undone, number, settled, page[-1].number)

    def _next_sweep(self, launch: Launch) -> float:
        """Go through the leads again, until all are settled; how long to wait (seconds)."""
        left = self._launches.sweep_again(launch.number)
        if left and launch.sweep < MOST_SWEEPS:
            return min(float(2**launch.sweep) / 4, 60.0)
        if left:
            self._launches.give_up_undoing(launch.number, "its workflow did not answer")
        undoing: tuple[Standing, ...] = ("undoing",)
        self._launches.move(launch.number, undoing, "undone")
        return 0.0


def judged(lead: CreatedLead) -> str | None:
    """What an undo has done to a lead: `CLOSED`, or why it leaves it. None if that is open."""
    if lead.closed and lead.reason == LAUNCH_UNDONE:
        return CLOSED
    if lead.closed:
        return "it was closed already"
    return touch(lead.entries)


def launch_words(launch: Launch) -> str:
    """How far a launch is, in a sentence."""
    counts = ", ".join(f"{count} {name}" for name, count in launch.plan.items())
    said = f"{launch.standing}, {launch.done} of {launch.size} rows: {counts}"
    if launch.standing in ("undoing", "undone"):
        return f"{launch.standing}: {launch.closed} leads closed, {launch.kept} left"
    return said


async def _rest(began: float, rows: int, rate: float) -> None:
    """Sleep until the time is over that so many rows have at this rate."""
    await asyncio.sleep(max(0.0, began + rows / rate - time.monotonic()))
