"""A lead's one timer.

Arming a new one at every signal would cost two events and a billed action each time. So one
runs, and is replaced only when what is next comes earlier or is something else.

No decision here asks what time it is. In a workflow the present can differ between the first
execution and a replay, and then the lead could never be replayed. What is decided depends on
recorded instants alone: the wake that a timer was armed for, and the wake as it is when it fires.
The present only says how long a timer runs, and that may differ.

Nor is a timer cancelled that may fire at any moment. If it fires while a turn's workflow task ends,
the server records that it fired, and a replay, which knows the turn's result a task earlier, would
cancel it: such a history does not replay. So it is left to fire, and what it says is ignored.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from temporalio import workflow

from models.envelopes import ProgramClock, WakeWords
from models.instants import parse_instant

_SHORTEST = timedelta(milliseconds=1)
_LONGEST_PAUSE = timedelta(hours=1)

_FAR = timedelta(days=7)
"""In the program's time; longer than a command is tried (`workflows.commands`)."""

_ANY_MOMENT = timedelta(minutes=1)
"""After the lead's last instant, by the wall: twice as long as a workflow task may take."""

_log = structlog.get_logger(__name__)


class Timer:
    """Waits for `wake`, then is `due`.

    `leaves`: what is about to fire is not cancelled. Runs that were begun before cancel it.
    """

    def __init__(self, clock: ProgramClock | None, *, leaves: bool) -> None:
        self.wake: WakeWords | None = None
        self.due = False
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._left_to_fire: set[asyncio.Task[None]] = set()
        self._armed_for: WakeWords | None = None
        self._leaves = leaves
        self._idle_turns = 0

    def arm(
        self,
        wake: WakeWords | None,
        since: str | None,
        *,
        idle: bool = False,
        flying: bool = False,
    ) -> None:
        """Wait for `wake`; a timer that is merely too early is kept, and looks again.

        While commands are `flying`, what lies far behind `since` (the lead's last instant) is not
        waited for yet: their results nearly always bring something nearer. `landed` makes up for
        it. `idle` says that the turn had no inputs: if its wake then stays where it was, it is not
        asked again at once, because it would never end.
        """
        self._idle_turns = self._idle_turns + 1 if idle and wake == self.wake else 0
        self.wake, self.due = wake, False
        old, running = self._armed_for, self._task is not None and not self._task.done()
        if running and wake and old and wake["what"] == old["what"] and wake["at"] >= old["at"]:
            return
        if self._task is not None:
            self._drop(self._task, since)
        self._task = self._armed_for = None
        if not (flying and wake and _far(wake, since)):
            self._start()

    def landed(self) -> None:
        """Wait for what was left for later, now that a command has ended without a result."""
        if self._task is None:
            self._start()

    def _drop(self, task: asyncio.Task[None], since: str | None) -> None:
        """Cancel a timer, or leave it to fire if that may happen at any moment."""
        if self._leaves and not task.done() and self._may_fire(since):
            self._left_to_fire.add(task)
            task.add_done_callback(self._left_to_fire.discard)
        else:
            task.cancel()

    def _may_fire(self, since: str | None) -> bool:
        if since is None or self._armed_for is None:
            return True
        ahead = parse_instant(self._armed_for["at"]) - parse_instant(since)
        return (self._clock.wait(ahead) if self._clock else ahead) <= _ANY_MOMENT

    def _start(self) -> None:
        self._armed_for = self.wake
        self._task = asyncio.create_task(self._wait(self.wake)) if self.wake else None

    async def _wait(self, armed_for: WakeWords) -> None:
        least = _SHORTEST
        if self._idle_turns:
            least = min(timedelta(seconds=2 ** min(self._idle_turns - 1, 12)), _LONGEST_PAUSE)
            _log.warning("a due item stays due", wake=armed_for)
        while True:
            await workflow.sleep(max(self._left(armed_for), least), summary=armed_for["what"][:200])
            if asyncio.current_task() in self._left_to_fire:
                return
            if self.wake is None or self.wake["at"] <= armed_for["at"]:
                break
            armed_for = self._armed_for = self.wake  # it was put off meanwhile
            least = _SHORTEST
        self.due = True

    def _left(self, wake: WakeWords) -> timedelta:
        """How long until the wake, by the wall."""
        at, wall = parse_instant(wake["at"]), workflow.now()
        return self._clock.wait(at - self._clock.now(wall)) if self._clock else at - wall


def _far(wake: WakeWords, since: str | None) -> bool:
    return since is not None and parse_instant(wake["at"]) - parse_instant(since) > _FAR
