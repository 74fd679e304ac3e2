"""The activity that carries a launch out, on the queue `sales`.

Its progress is in the database, so that whoever goes on after a crash goes on from there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from temporalio import activity

from activities.heartbeat import pulse
from models.envelopes import LaunchProgress, LaunchWork

_ONE_CALL = timedelta(seconds=10)
"""The activity returns after so long, so that the workflow shows the progress."""


class LaunchSteps(Protocol):
    """Launches in the database, and the leads that they start."""

    async def step(self, number: int) -> LaunchProgress:
        """Go on by one batch of rows; how far it is then. Raises LookupError."""
        ...


class LaunchActivities:
    """Over these steps."""

    def __init__(self, steps: LaunchSteps) -> None:
        self._steps = steps

    @activity.defn(name="carry_out_launch")
    async def carry_out_launch(self, work: LaunchWork) -> LaunchProgress:
        """Go on for ten seconds, or to the end; how far it is."""
        until = datetime.now(UTC) + _ONE_CALL
        async with pulse():
            while True:
                progress = await self._steps.step(work["number"])
                if progress["over"] or progress["pause"] or datetime.now(UTC) >= until:
                    return progress
