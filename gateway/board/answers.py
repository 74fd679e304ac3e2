"""Answers that take long: asked once, waited for a moment, and kept for a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from usecases.kept_reports import KEPT_SECONDS

_PATIENCE = 0.2
"""Seconds that a request waits: a page is to be there in 300 ms."""
_MOST = 200
"""Answers that are kept. When there are more, the oldest go."""


class Answers:
    """Answers by what was asked. Who asks again while one is made waits for the same one."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._asked: dict[Hashable, tuple[float, asyncio.Future[Any]]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Any]]) -> Any:
        """The answer, or None while it is being made. Raises what `make` raises."""
        now = time.monotonic()
        self._asked = {
            one: (at, task)
            for one, (at, task) in list(self._asked.items())[-_MOST:]
            if not task.done() or now - at <= KEPT_SECONDS
        }
        if key not in self._asked:
            self._asked[key] = (now, asyncio.ensure_future(make()))
            self._asked[key][1].add_done_callback(lambda task: self._made(key, task))
        _, task = self._asked[key]
        await asyncio.wait([task], timeout=self._patience)
        return task.result() if task.done() else None

    def _made(self, key: Hashable, task: asyncio.Future[Any]) -> None:
        """An answer's minute begins when it is there. A failure is not kept for later requests."""
        if task.cancelled() or task.exception() is not None:
            asyncio.get_running_loop().call_later(1.0, self._asked.pop, key, None)
        elif key in self._asked:
            self._asked[key] = (time.monotonic(), task)
