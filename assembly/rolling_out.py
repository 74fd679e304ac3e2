"""Rollouts with the real adapters: what the worker carries out, and what starts their workflows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from activities.reengagement import ReengageActivities
from activities.rollout import RolloutActivities
from adapters.sql.database import open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.sql.reengagements import SqlReengagements
from adapters.sql.rollouts import SqlRollouts
from adapters.temporal.client import Leads
from adapters.temporal.rollouts import RolloutRuns
from assembly.settings import Settings

_EVERY = 5.0
"""Seconds between two looks for rollouts that nobody has started."""

_log = structlog.get_logger(__name__)


@contextmanager
def rolling_out(client: Client, settings: Settings) -> Iterator[RolloutActivities]:
    """The activity, with a database of its own while the block runs."""
    database = open_database(settings.database)
    try:
        yield RolloutActivities(
            SqlRollouts(database),
            Leads(client, SqlJournal(database), prefix=settings.queue_prefix),
            SqlPrograms(database),
            SqlDirectory(database),
        )
    finally:
        database.close()


@contextmanager
def reengaging(client: Client, settings: Settings) -> Iterator[ReengageActivities]:
    """The activity of re-engagement, with a database of its own while the block runs."""
    database = open_database(settings.database)
    try:
        journal = SqlJournal(database)
        yield ReengageActivities(
            SqlReengagements(database),
            Leads(client, journal, prefix=settings.queue_prefix),
            SqlPrograms(database),
            journal,
        )
    finally:
        database.close()


@asynccontextmanager
async def starting_rollouts(client: Client, settings: Settings) -> AsyncIterator[None]:
    """Start what was published or paused by somebody who was killed before it was started."""
    running = asyncio.create_task(_starting(client, settings))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _starting(client: Client, settings: Settings) -> None:
    database = open_database(settings.database)
    runs = RolloutRuns(client, prefix=settings.queue_prefix)
    try:
        while True:
            try:
                await runs.start(await asyncio.to_thread(SqlRollouts(database).under_way))
            except (SQLAlchemyError, RPCError) as error:
                _log.warning("rollouts not started, and tried again", why=str(error))
            await asyncio.sleep(_EVERY)
    finally:
        database.close()
