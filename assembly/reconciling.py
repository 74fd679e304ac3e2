"""The comparison of the database with Temporal, with the real adapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from temporalio.client import Client

from activities.reconciliation import Compare
from adapters.reports.reconciliation import SqlReconciliation
from adapters.sql.database import Database, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from adapters.temporal.executions import LeadExecutions
from adapters.temporal.resets import Resets
from adapters.temporal.schedules import Schedules
from assembly.sandbox import sandbox
from assembly.settings import Settings
from models.envelopes import ReconcileOutcome
from models.instants import whole_second
from usecases.reconciling import Reconciliation
from usecases.scheduling import make_missing
from usecases.unrecorded_items import UnrecordedItems


def reconciliation(client: Client, settings: Settings, database: Database) -> Reconciliation:
    """The use case over this client and this database."""
    rows = SqlReconciliation(database)
    executions = LeadExecutions(client, prefix=settings.queue_prefix)
    return Reconciliation(
        rows=rows,
        executions=executions,
        unrecorded=UnrecordedItems(
            rows=rows, executions=executions, tell_again=SqlIntake(database).tell_again
        ),
        leads=Leads(client, SqlJournal(database), prefix=settings.queue_prefix),
        resets=Resets(client, sandbox()),
        schedules=lambda dry_run: make_missing(
            database, Schedules(client, prefix=settings.queue_prefix), dry_run=dry_run
        ),
        paused=SqlPrograms(database).paused,
        settle_assignments=SqlDirectory(database).settle,
        now=lambda: whole_second(datetime.now(UTC)),
    )


@contextmanager
def comparing(client: Client, settings: Settings) -> Iterator[Compare]:
    """What the activity `reconcile` does; it has a database of its own while the block runs."""
    database = open_database(settings.database)
    use_case = reconciliation(client, settings, database)

    async def compare(since: datetime | None) -> ReconcileOutcome:
        found = await use_case.compare(since=since)
        return ReconcileOutcome(
            repaired=found.counts(repaired=True), left=found.counts(repaired=False)
        )

    try:
        yield compare
    finally:
        database.close()
