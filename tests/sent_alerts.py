"""Alerts that were sent, as the activity that sends them stores them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from activities.ports import AlertMail
from adapters.sql.alert_queue import SqlAlertQueue
from adapters.sql.database import Database
from models.decision import Alert

AT_ONCE = timedelta(0)


def send_together(database: Database, alerts: Sequence[tuple[str, Alert]]) -> AlertMail:
    """Store alerts to one person as sent in one mail, each with its lead."""
    queue = SqlAlertQueue(database)
    for lead, alert in alerts:
        queue.enter(lead, alert, AT_ONCE)
    mail = queue.begin(alerts[0][1], [alert.key for _, alert in alerts], AT_ONCE)
    assert mail is not None
    queue.settle(mail, "sent")
    return mail
