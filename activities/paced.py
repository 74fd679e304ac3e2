"""Sending to many leads at a rate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from temporalio.service import RPCError

_AT_ONCE = 20
"""Leads that are sent to at the same time."""

_log = structlog.get_logger(__name__)


async def send_paced(
    leads: Sequence[str], rate: float, send: Callable[[str], Awaitable[None]]
) -> dict[str, str]:
    """Send to each of these leads, `rate` a second. Returns those not reached, and why.

    It ends when the time of all of them is over, so that what follows keeps the rate too.
    """
    room = asyncio.Semaphore(_AT_ONCE)
    failed: dict[str, str] = {}

    async def one(lead: str, after: float) -> None:
        await asyncio.sleep(after)
        async with room:
            try:
                await send(lead)
            except (RPCError, LookupError, OSError) as error:
                failed[lead] = str(error)
                _log.warning("lead not reached", lead=lead, why=str(error))

    async with asyncio.TaskGroup() as tasks:
        for place, lead in enumerate(leads):
            tasks.create_task(one(lead, place / rate))
        tasks.create_task(asyncio.sleep(len(leads) / rate))
    return failed
