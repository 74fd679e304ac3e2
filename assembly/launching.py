"""Launches with the real adapters: what the worker carries out, and what starts their workflows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from activities.launch import LaunchActivities
from adapters.sql.database import open_database
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.launches import SqlLaunches
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from adapters.temporal.launches import LaunchRuns
from assembly.settings import Settings
from assembly.starting_runs import starting_runs
from models.envelopes import ProgramClock, program_now
from models.instants import whole_second
from usecases.launch_steps import LaunchBatches
from usecases.relay import Relay


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
        journal = SqlJournal(database)
        leads = Leads(client, journal, prefix=settings.queue_prefix, clock=clock)
        yield LaunchActivities(
            LaunchBatches(
                SqlLaunches(database),
                intake,
                programs,
                leads,
                Relay(intake, programs, leads),
                now=lambda: whole_second(program_now(clock, datetime.now(UTC))),
                turns=journal.turns,
            )
        )
    finally:
        database.close()


def starting_launches(client: Client, settings: Settings) -> AbstractAsyncContextManager[None]:
    """Start launches whose rows were stored by somebody who was killed before they were started."""
    runs = LaunchRuns(client, prefix=settings.queue_prefix)
    return starting_runs(
        settings, "launches", lambda database: SqlLaunches(database).under_way(), runs.start
    )
