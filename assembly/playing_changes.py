"""Playing the futures of many leads in a process of its own.

That is minutes of work for one core. A thread would slow the gateway's requests down: Python runs
one thread at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

import structlog

from adapters.sql.database import open_database
from assembly.settings import Settings
from usecases import changing

_NICENESS = 10
"""The process gives way to others, so that requests and turns stay quick."""

_log = structlog.get_logger(__name__)


@contextmanager
def playing_changes(settings: Settings) -> Iterator[Callable[[int], None]]:
    """What plays the plan of a number, one plan at a time, while the block runs.

    The process starts with the first plan. What is not finished at the end of the block stays as
    it is, and the board says so.
    """
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1)

    def play(number: int) -> None:
        pool.submit(_play, settings.database, number).add_done_callback(partial(_ended, number))

    try:
        yield play
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _play(url: str, number: int) -> None:
    os.nice(_NICENESS)
    database = open_database(url)
    try:
        changing.play(database, number)
    finally:
        database.close()


def _ended(number: int, future: Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _log.error("the futures of a plan were not played", plan=number, why=repr(error))
