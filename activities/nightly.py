"""The activity of the nightly run, on the queue `sales`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from temporalio import activity

from activities.heartbeat import pulse
from models.envelopes import NightlyOutcome


class NightlyActivities:
    """`keep_quick` makes snapshots and shortens what the board counts, with the real adapters."""

    def __init__(self, keep_quick: Callable[[], NightlyOutcome]) -> None:
        self._keep_quick = keep_quick

    @activity.defn(name="keep_reports_quick")
    async def keep_reports_quick(self) -> NightlyOutcome:
        """Do it; how much was made and removed. Another try goes on where the last one ended."""
        async with pulse():
            return await asyncio.to_thread(self._keep_quick)
