"""Waiting for a condition, with a limit."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

LIMIT = 120.0
"""The longest wait, in seconds. Only a failing test waits so long, also on a busy machine."""


async def until(condition: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """Return the condition's value as soon as it is true. It may be a coroutine function."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)
