"""Rollouts with the real adapters: what the worker carries out, and what starts their workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

from temporalio.client import Client

from activities.program_pause import PauseActivities
from activities.reengagement import ReengageActivities
from activities.rollout import RolloutActivities
from adapters.sql.database import Database, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.sql.reengagements import SqlReengagements
from adapters.sql.rollouts import SqlRollouts
from adapters.temporal.client import Leads
from adapters.temporal.rollouts import RolloutRuns
from assembly.settings import Settings
from assembly.starting_runs import starting_runs
from usecases import pausing


@contextmanager
def rolling_out(client: Client, settings: Settings) -> Iterator[RolloutActivities]:
    """The activity, with a database of its own while the block runs."""
    database = open_database(settings.database)
    try:
        journal = SqlJournal(database)
        yield RolloutActivities(
            SqlRollouts(database),
            Leads(client, journal, prefix=settings.queue_prefix),
            SqlPrograms(database),
            SqlDirectory(database),
            journal,
        )
    finally:
        database.close()


class _Pauses:
    """The use case, and the start of its rollout."""

    def __init__(self, database: Database, runs: RolloutRuns) -> None:
        self._database = database
        self._runs = runs

    async def set_paused(self, name: str, *, pause: bool, by: str) -> bool:
        """Pause it, or let it go on; False if it is so already. Raises UnknownProgramError."""
        ask = pausing.pause if pause else pausing.resume
        rollout = await asyncio.to_thread(ask, self._database, name, by=by)
        if rollout is not None:
            await self._runs.start([rollout])
        if pause:
            await pausing.until_no_mail_leaves(self._database, name)
        return rollout is not None


@contextmanager
def pausing_programs(client: Client, settings: Settings) -> Iterator[PauseActivities]:
    """The activity that pauses a program, with a database of its own while the block runs."""
    database = open_database(settings.database)
    try:
        runs = RolloutRuns(client, prefix=settings.queue_prefix)
        yield PauseActivities(_Pauses(database, runs))
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


def starting_rollouts(client: Client, settings: Settings) -> AbstractAsyncContextManager[None]:
    """Start what was published or paused by somebody who was killed before it was started."""
    runs = RolloutRuns(client, prefix=settings.queue_prefix)
    return starting_runs(
        settings, "rollouts", lambda database: SqlRollouts(database).under_way(), runs.start
    )
