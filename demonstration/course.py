"""What marketing does in a demonstration: it launches a list, and publishes a changed program."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from temporalio.client import Client

from adapters.files.leads import CheckedLeads
from adapters.reports.funnel import SqlFunnel
from adapters.sql.database import Database
from adapters.temporal.client import TemporalUnavailableError
from adapters.temporal.launches import LaunchRuns
from adapters.temporal.rollouts import RolloutRuns
from demonstration.change_in_play import PublishedChange, plan_change, publish_change
from models.program.program import Program
from simulation.impact import Impact
from usecases.launches import launch_of, store_launch
from usecases.reading_lists import ListOptions

_LAUNCH_SHARE = 0.12
"""The share of the time over which the list is launched; all at once no clock would keep up."""
_CHANGE_SHARE = 0.5
"""The share of the time after which a changed program is published."""
_PATIENCE_SECONDS = 300.0
"""How long the leads launched last may need for their first turn, and all for a publication."""
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a demonstration, with the list in a file of its own."""

    client: Client
    database: Database
    file: Path
    checked: CheckedLeads
    program: Program

    async def play(
        self,
        changed: Program | None,
        seconds: float,
        now: Callable[[], datetime],
        planned: Callable[[Impact], None],
    ) -> PublishedChange | None:
        """Launch the list at the start, and publish `changed` in the middle of the time.

        `now` is the program's clock; `planned` is told the plan before it is carried out. Raises
        TemporalUnavailableError if the worker does not manage it.
        """
        middle = time.monotonic() + seconds * _CHANGE_SHARE
        await self._launch(seconds * _LAUNCH_SHARE)
        await asyncio.sleep(middle - time.monotonic())
        if changed is None:
            return None
        change = await asyncio.to_thread(plan_change, self.database, changed, now())
        planned(change.impact)
        async with _patience("send the changed program to all leads"):
            await publish_change(self.database, RolloutRuns(self.client), change)
        return change

    async def _launch(self, seconds: float) -> None:
        """Launch the list within this time, and wait until each lead has taken its first turn."""
        launch = await asyncio.to_thread(
            lambda: store_launch(
                self.database,
                self.file,
                self.checked,
                self.program,
                ListOptions(),
                conflict="keep",
                rate=max(1, self.checked.valid) / seconds,
            )
        )
        await LaunchRuns(self.client).start([launch])
        leads, funnel = len({one.id for one in self.checked}), SqlFunnel(self.database)
        async with _patience("start all leads"):
            while (  # noqa: ASYNC110  # rows tell nobody
                launch_of(self.database, launch.number).standing != "done"
                or sum(funnel.stages().values()) < leads
            ):
                await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def _patience(what: str) -> AsyncIterator[None]:
    """Raise TemporalUnavailableError if the worker does not manage `what` in good time."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            yield
    except TimeoutError:
        raise TemporalUnavailableError(
            f"the worker did not {what} within {_PATIENCE_SECONDS:.0f} seconds;"
            " is the machine busy?"
        ) from None
