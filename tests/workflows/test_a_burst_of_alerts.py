"""Alerts of many leads to one person, on Temporal: they wait by retries and go in one mail."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from temporalio.testing import WorkflowEnvironment

from adapters.sql.alert_queue import SqlAlertQueue
from adapters.sql.database import migrate, open_database
from models.tables.columns import table_of
from models.tables.mail import WaitingAlertRow
from tests.waiting import until
from tests.workflows.worker_stack import running_worker_stack

LEADS = 4


async def test_the_alerts_of_a_burst_wait_for_the_next_mail_and_every_lead_goes_on(
    dev_server: WorkflowEnvironment, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'alerts.db'}"
    migrate(url)
    database = open_database(url)
    now = [datetime(2026, 3, 2, 9, tzinfo=UTC)]
    waiting = sa.select(sa.func.count()).select_from(table_of(WaitingAlertRow))

    queue = SqlAlertQueue(database, lambda _: now[0])
    async with running_worker_stack(
        dev_server.client, f"{uuid.uuid4().hex}-", alert_queue=queue, alert_seconds=0.3
    ) as stack:
        leads = [await stack.create_lead() for _ in range(LEADS)]
        for lead in leads:
            await stack.leads.events(lead, [{"type": "form.submitted", "subject": "demo"}])

        def one_is_sent_and_the_others_wait() -> bool:
            with database.read() as connection:
                count = connection.scalar(waiting)
            return (len(stack.world.mailer.sent), count) == (1, LEADS - 1)

        await until(one_is_sent_and_the_others_wait)
        # A lead whose alert waits goes on all the same.
        for lead in leads:
            await stack.leads.act(lead, "accept", {"by": stack.world.journal.states[lead].owner})
        now[0] += timedelta(minutes=1)
        for lead in leads:
            await stack.until_settled(lead)
    first, bundle = stack.world.mailer.sent
    assert len({first.message_id, *bundle.text.split("\n")}) == LEADS
    database.close()
