"""Lives a second on the embedded server, leads and bare workflows by turns in one run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from bench import bare
from bench.life import live, site

LIVES = 40
"""Lives at the same time in a round: enough to keep two cores busy."""
ROUNDS = 2
DAYS_A_SECOND = 2.0
_WAIT = 2.0 / DAYS_A_SECOND
"""Seconds of each wait of the reference life, which is two days."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Lives a second."""

    leads: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much of the bare workflow's throughput leads have."""
        return self.leads / self.bare


async def measure(home: Path) -> Throughput:
    """Let rounds of bare workflows and of leads live, one after the other."""
    took = {"leads": 0.0, "bare": 0.0}
    async with site(home, DAYS_A_SECOND) as there, bare.working(there.client, there.post):
        await asyncio.gather(
            live(there, "warm-up"), bare.live(there.client, there.post, "warm-up-bare", _WAIT)
        )
        for number in range(ROUNDS):
            names = [f"{number}-{one}" for one in range(LIVES)]
            took["bare"] += await _seconds(
                [bare.live(there.client, there.post, f"bare-{name}", _WAIT) for name in names]
            )
            took["leads"] += await _seconds([live(there, f"lead-{name}") for name in names])
    lives = LIVES * ROUNDS
    return Throughput(leads=lives / took["leads"], bare=lives / took["bare"])


async def _seconds(lives: list[Awaitable[None]]) -> float:
    begun = time.monotonic()
    await asyncio.gather(*lives)
    return time.monotonic() - begun
