"""A heartbeat while an activity waits, so that another worker soon takes over from a dead one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

PULSE_SECONDS = 4.0


@asynccontextmanager
async def pulse() -> AsyncIterator[None]:
    """Heartbeat every few seconds for as long as the block runs."""

    async def beat() -> None:
        while True:
            # The first pause comes before the first heartbeat: most activities end before it, and a
            # heartbeat costs the server.
            await asyncio.sleep(PULSE_SECONDS)
            activity.heartbeat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
