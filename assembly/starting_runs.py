"""Starting the workflows of jobs that are stored in the database, while a worker runs.

Whoever stores a job starts its workflow too. This is for those that were killed between the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from adapters.sql.database import Database, open_database
from assembly.settings import Settings

_EVERY = 5.0
"""Seconds between two looks for jobs that nobody has started."""

_log = structlog.get_logger(__name__)
Job = TypeVar("Job")


@asynccontextmanager
async def starting_runs(
    settings: Settings,
    what: str,
    under_way: Callable[[Database], Job],
    start: Callable[[Job], Awaitable[object]],
) -> AsyncIterator[None]:
    """While the block runs, start what is `under_way`. `what` names it in the log."""
    running = asyncio.create_task(_starting(settings, what, under_way, start))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _starting(
    settings: Settings,
    what: str,
    under_way: Callable[[Database], Job],
    start: Callable[[Job], Awaitable[object]],
) -> None:
    database = open_database(settings.database)
    try:
        while True:
            try:
                await start(await asyncio.to_thread(under_way, database))
            except (SQLAlchemyError, RPCError) as error:
                _log.warning(f"{what} not started, and tried again", why=str(error))
            await asyncio.sleep(_EVERY)
    finally:
        database.close()
