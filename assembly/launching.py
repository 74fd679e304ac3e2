"""Launches with the real adapters: what the worker carries out, and what starts their workflows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from activities.launch import LaunchActivities
from adapters.sql.database import open_database
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.launches import SqlLaunches
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from adapters.temporal.launches import LaunchRuns
from assembly.settings import Settings
from models.envelopes import ProgramClock, program_now
from models.instants import whole_second
from usecases.launch_steps import LaunchBatches
from usecases.relay import Relay

_EVERY = 5.0
"""Seconds between two looks for launches that nobody has started."""

_log = structlog.get_logger(__name__)


@contextmanager
def launching(
    client: Client, settings: Settings, clock: ProgramClock | None = None
) -> Iterator[LaunchActivities]:
    """The activity, with a database of its own while the block runs.

    `clock` is that of a demonstration, whose leads it starts.
    """
    database = open_database(settings.database)
    try:
        intake, programs = SqlIntake(database, gather=timedelta(0)), SqlPrograms(database)
        leads = Leads(client, SqlJournal(database), prefix=settings.queue_prefix, clock=clock)
        yield LaunchActivities(
            LaunchBatches(
                SqlLaunches(database),
                intake,
                programs,
                leads,
                Relay(intake, programs, leads),
                now=lambda: whole_second(program_now(clock, datetime.now(UTC))),
            )
        )
    finally:
        database.close()


@asynccontextmanager
async def starting_launches(client: Client, settings: Settings) -> AsyncIterator[None]:
    """Start launches whose rows were stored by somebody who was killed before they were started."""
    running = asyncio.create_task(_starting(client, settings))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _starting(client: Client, settings: Settings) -> None:
    database = open_database(settings.database)
    runs = LaunchRuns(client, prefix=settings.queue_prefix)
    try:
        while True:
            try:
                await runs.start(await asyncio.to_thread(SqlLaunches(database).under_way))
            except (SQLAlchemyError, RPCError) as error:
                _log.warning("launches not started, and tried again", why=str(error))
            await asyncio.sleep(_EVERY)
    finally:
        database.close()
