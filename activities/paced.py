"""Sending to many leads at a rate, and no faster than they take it in.

A lead that was sent something takes a turn. Turns that wait for the worker stand before an act or
a click that comes after them. So only a few leads may wait for theirs at the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from temporalio.service import RPCError

MOST_UNTAKEN = 10
"""So many leads at most were sent something and have not taken it in. An act waits for as many
turns, about half a second on two slow cores, and a worker with its 8 threads always has some."""
_PORTION = 5
"""Leads that are sent to at the same time. The next portion waits until it has room."""
_LOOK_SECONDS = 0.05
_GIVEN_UP_SECONDS = 10.0
"""If none of them takes its turn for so long, they are waited for no longer: their workflows may be
stuck, or no worker runs."""

_log = structlog.get_logger(__name__)

Turns = Callable[[Sequence[str]], Mapping[str, int]]
"""The number of the last turn of each of these leads; a lead without a turn is left out."""


class PacedSending:
    """Sends to leads at a rate, and waits while too many have not taken a turn since."""

    def __init__(self, rate: float, send: Callable[[str], Awaitable[None]], turns: Turns) -> None:
        self._rate = rate
        self._send = send
        self._taking = Taking(turns)

    async def send(self, leads: Sequence[str]) -> dict[str, str]:
        """Send to each of these leads, at most `rate` a second. Returns those not reached, and why.

        It ends when the time of all of them is over, so that what follows keeps the rate too.
        """
        failed: dict[str, str] = {}
        for place in range(0, len(leads), _PORTION):
            portion = leads[place : place + _PORTION]
            await self._taking.until(MOST_UNTAKEN - len(portion))
            self._taking.expect(await self._taking.turns(portion))
            failing = await self._sent(portion)
            self._taking.forget(failing)
            failed |= failing
        return failed

    async def taken(self) -> None:
        """Wait until all have taken their turn, but not for those that do not get on."""
        await self._taking.until(0)

    async def _sent(self, leads: Sequence[str]) -> dict[str, str]:
        failed: dict[str, str] = {}

        async def one(lead: str, after: float) -> None:
            await asyncio.sleep(after)
            try:
                await self._send(lead)
            except (RPCError, LookupError, OSError) as error:
                failed[lead] = str(error)
                _log.warning("lead not reached", lead=lead, why=str(error))

        async with asyncio.TaskGroup() as tasks:
            for place, lead in enumerate(leads):
                tasks.create_task(one(lead, place / self._rate))
            tasks.create_task(asyncio.sleep(len(leads) / self._rate))
        return failed


class Taking:
    """The leads that are to take a turn, as seen in the journal. Several may wait at once."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._before: dict[str, int] = {}

    async def turns(self, leads: Sequence[str]) -> dict[str, int]:
        """The last turn of each of these leads now; 0 before its first one."""
        found = await asyncio.to_thread(self._turns, leads)
        return {lead: found.get(lead, 0) for lead in leads}

    def expect(self, turns: Mapping[str, int]) -> None:
        """These leads are sent something: each is to take a turn after this one."""
        self._before |= turns

    def forget(self, leads: Mapping[str, object]) -> None:
        """These are waited for no longer."""
        for lead in leads:
            self._before.pop(lead, None)

    async def until(self, most: int) -> None:
        """Wait until at most so many are left, or until they do not get on for ten seconds."""
        since = time.monotonic()
        while len(self._before) > most:
            looked = dict(self._before)
            turns = await self.turns(list(looked))
            taken = {lead: turn for lead, turn in turns.items() if turn > looked[lead]}
            if taken:
                since = time.monotonic()
                self.forget(taken)
            elif time.monotonic() - since > _GIVEN_UP_SECONDS:
                _log.warning("leads did not take their turn", leads=len(looked))
                self.forget(looked)
            if len(self._before) > most:
                await asyncio.sleep(_LOOK_SECONDS)
