"""A check: what was looked at, how it is, and the remedy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "warning", "wrong"]

_SECONDS = 20.0
"""So long one group of checks may take."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    found: str
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs that read the command's output."""
        return asdict(self)


Looks = Callable[[], AsyncIterator[Check]]
"""A group of checks about one part of the installation."""


async def looked(name: str, look: Looks) -> list[Check]:
    """The checks of a group. Whatever goes wrong in it is a check itself."""
    found: list[Check] = []
    try:
        async with asyncio.timeout(_SECONDS):
            async for one in look():
                found.append(one)  # noqa: PERF401 - what came before a failure is kept
    except TimeoutError:
        found.append(
            Check(name, "wrong", f"no answer within {_SECONDS:.0f} seconds", "is it reachable?")
        )
    except Exception as error:  # noqa: BLE001 - a doctor that falls ill helps nobody
        found.append(Check(name, "wrong", f"{type(error).__name__}: {error}", "see the text"))
    return found
