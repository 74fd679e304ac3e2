"""Merges with the real adapters: what the worker carries out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.client import Client

from activities.merging import MergeActivities
from adapters.sql.database import open_database
from adapters.sql.journal import SqlJournal
from adapters.sql.merges import SqlMerges
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from assembly.settings import Settings


@contextmanager
def merging(client: Client, settings: Settings) -> Iterator[MergeActivities]:
    """The activities, with a database of their own while the block runs."""
    database = open_database(settings.database)
    try:
        yield MergeActivities(
            SqlMerges(database),
            Leads(client, SqlJournal(database), prefix=settings.queue_prefix),
            SqlPrograms(database),
        )
    finally:
        database.close()
