"""The nightly run, with the real adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from adapters.reports.life_snapshots import SqlLifeSnapshots
from adapters.sql.database import Database, open_database
from adapters.sql.step_visits import shorten
from assembly.settings import Settings
from models.envelopes import NightlyOutcome


def keep_reports_quick(database: Database, now: datetime) -> NightlyOutcome:
    """Make the snapshots from which reports begin, and remove what the board no longer counts."""
    return NightlyOutcome(
        snapshots=SqlLifeSnapshots(database).take(), removed=shorten(database, now)
    )


@contextmanager
def nightly(settings: Settings) -> Iterator[Callable[[], NightlyOutcome]]:
    """What the activity does; it has a database of its own while the block runs."""
    database = open_database(settings.database)
    try:
        yield lambda: keep_reports_quick(database, datetime.now(UTC))
    finally:
        database.close()
