"""Work of seconds or minutes that a request asks for: where it is done.

The gateway answers everybody in one process, and Python runs one thread of a process at a time. So
long work goes to a process of its own (`OwnProcess`), and pages stay fast meanwhile.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol, TypeVar

Answer = TypeVar("Answer")

_NICENESS = 10
"""Of a process that gives way."""


class InterruptedWorkError(Exception):
    """The process that did the work has ended before it was done."""


class Background(Protocol):
    """Where long work is done."""

    async def call(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Call a function. Raises what it raises, and InterruptedWorkError."""
        ...

    def close(self) -> None:
        """End it. What is under way is interrupted."""
        ...


class InThreads:
    """Long work in threads of this process: for tests, and where nobody else is served."""

    async def call(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Call a function in a thread."""
        return await asyncio.to_thread(function, *arguments)

    def close(self) -> None:
        """Nothing is to be ended."""


class OwnProcess:
    """Long work in one other process, one piece after the other.

    The process begins with the first piece and stays, so that its functions may keep values in
    memory. If it does not `stay`, each piece has a process of its own, whose memory is free
    afterwards. With `gives_way` other processes go first, so that requests and turns stay quick.
    Functions, arguments and answers are pickled.
    """

    def __init__(self, *, stays: bool = True, gives_way: bool = False) -> None:
        self._stays = stays
        self._niceness = _NICENESS if gives_way else 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="own-process")
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    async def call(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Call a function there, after what was asked before."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._call, function, arguments)

    def close(self) -> None:
        """End the process."""
        self._end()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _call(self, function: Callable[..., Answer], arguments: tuple[Any, ...]) -> Answer:
        pipe = self._running()
        try:
            pipe.send((function, arguments))
            raised, answer = pipe.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise InterruptedWorkError("the process that did this has ended") from error
        if not self._stays:
            self._end()
        if raised:
            raise answer
        found: Answer = answer
        return found

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.join()

    def _running(self) -> Connection:
        if self._process is None or self._pipe is None or not self._process.is_alive():
            spawning = multiprocessing.get_context("spawn")
            self._pipe, theirs = spawning.Pipe()
            self._process = spawning.Process(
                target=_work, args=(theirs, self._niceness), daemon=True
            )
            self._process.start()
            theirs.close()
        return self._pipe


def _that_can_be_sent(error: Exception) -> Exception:
    """The error, or its words if it can't be pickled and made anew."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # it is our own
    except Exception:  # noqa: BLE001  # whatever its class does then
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _work(pipe: Connection, niceness: int) -> None:
    """Do what comes, until the other end is closed."""
    os.nice(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the gateway, which ends this
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = (False, function(*arguments))
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller is told
            answer = (True, _that_can_be_sent(error))
        pipe.send(answer)
