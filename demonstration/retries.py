"""Trying a request again, as real clients do.

A connection may be closed just as it is used, a busy server answers 503, an answer may come too
late. Every request of the demonstration's people has an id of its own or changes nothing, so that
trying it again has no second effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from temporalio.service import RPCError

from adapters.temporal.client import TemporalUnavailableError

Value = TypeVar("Value")

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try: together sixteen, in which a busy machine should recover."""
PATIENT = (*PAUSES, *(10.0,) * 12)
"""Two minutes more, for what the demonstration can't do without."""
_BUSY = frozenset({429, 502, 503, 504})
"""Statuses by which a server says: not now."""


class BusyError(Exception):
    """The server said that it can't answer now."""


_TRANSIENT = (httpx.TransportError, OSError, RPCError, TemporalUnavailableError, BusyError)
"""What may go away by itself. `OSError` includes what SMTP raises, and TimeoutError."""


async def persistently(
    ask: Callable[[], Awaitable[Value]], pauses: tuple[float, ...] = PAUSES
) -> Value:
    """What `ask` answers, asked again after each pause. Raises the last try's error."""
    for pause in pauses:
        try:
            return await ask()
        except _TRANSIENT:
            await asyncio.sleep(pause)
    return await ask()


async def request(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    pauses: tuple[float, ...] = PAUSES,
    **more: Any,
) -> httpx.Response:
    """Send a request until it is answered; `more` is what httpx takes.

    Raises BusyError or httpx.TransportError if the last try failed as well.
    """

    async def once() -> httpx.Response:
        answer = await client.request(method, url, **more)
        if answer.status_code in _BUSY:
            raise BusyError(f"{method} was answered {answer.status_code} at every try")
        return answer

    return await persistently(once, pauses)
