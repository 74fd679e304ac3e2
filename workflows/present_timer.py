"""The timer of runs that an older leadflow began: it asks the present whether it is due.

After a worker's restart the present can be that of an earlier workflow task, so a replay may
decide otherwise (workflows/timer.py is the way out). It stands here unchanged, because the
histories of such runs must replay. Each run of a lead ends after some 300 events, and its next one
has the new timer: when no run is left that 0.1 began, this file can go.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from temporalio import workflow

from models.envelopes import ProgramClock, WakeWords
from models.instants import parse_instant

_LONGEST_PAUSE = timedelta(hours=1)

_FAR = timedelta(days=7)
"""In the program's time; longer than a command flies (`workflows.commands`)."""

_log = structlog.get_logger(__name__)


class PresentTimer:
    """Waits for `wake`, then is `due`."""

    def __init__(self, clock: ProgramClock | None) -> None:
        self.wake: WakeWords | None = None
        self.due = False
        self._clock = clock
        self._speed = clock.speed if clock else 1.0
        self._task: asyncio.Task[None] | None = None
        self._running_for: WakeWords | None = None
        self._idle_turns = 0

    def arm(
        self,
        wake: WakeWords | None,
        _since: str | None,
        *,
        idle: bool = False,
        flying: bool = False,
    ) -> None:
        """Wait for `wake`; a timer that is merely too early is kept, and looks again.

        While commands are `flying`, what is far off is not waited for yet: their results
        nearly always bring something nearer. `landed` makes up for it.
        `idle` says that the turn had no inputs: if its wake then stays where it was, it is
        not asked again at once, for it would turn for ever.
        """
        self._idle_turns = self._idle_turns + 1 if idle and wake == self.wake else 0
        self.wake, self.due = wake, False
        old, live = self._running_for, self._task is not None and not self._task.done()
        if live and wake and old and wake["what"] == old["what"] and wake["at"] >= old["at"]:
            return
        if self._task is not None:
            self._task.cancel()
        self._task = self._running_for = None
        if not (flying and wake and self._left() * self._speed > _FAR):
            self._start()

    def landed(self) -> None:
        """Wait for what was left for later, now that a command has landed without a result."""
        if self._task is None:
            self._start()

    def _start(self) -> None:
        self._running_for = self.wake
        self._task = asyncio.create_task(self._watch()) if self.wake else None

    async def _watch(self) -> None:
        least = timedelta()
        if self._idle_turns:
            least = min(timedelta(seconds=2 ** min(self._idle_turns - 1, 12)), _LONGEST_PAUSE)
            _log.warning("a due item stays due", wake=self.wake)
        while (left := max(self._left(), least)) > timedelta():
            least = timedelta()
            what = self.wake["what"] if self.wake else ""
            await workflow.sleep(max(left, timedelta(milliseconds=1)), summary=what[:200])
        self.due = True

    def _left(self) -> timedelta:
        """How long until the wake, by the wall."""
        if self.wake is None:
            return timedelta()
        at, wall = parse_instant(self.wake["at"]), workflow.now()
        return self._clock.wait(at - self._clock.now(wall)) if self._clock else at - wall
