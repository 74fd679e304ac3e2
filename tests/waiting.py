"""Waiting for a condition, with a limit."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

LIMIT = 120.0
"""Seconds that any wait may take: only a test that fails waits so long, even on a busy machine."""


async def until(condition: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """What the condition gives, as soon as it is true; it may be a coroutine function."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)
