"""Alerts that come back: the lead records that its owner can't be reached."""

from __future__ import annotations

import smtplib

import pytest

from activities.ports import Rendered
from adapters.sql.database import Database
from adapters.sql.mail_ledger import SqlMailLedger
from tests.gateway.stored_rows import NOW, intake_bodies
from tests.inbound.deliveries import bounce_report, reply_mail, send
from usecases.context import Context

RILEY = "riley@acme.example"
ALERT = "00ff00ff00ff00ff@acme.example"


@pytest.fixture
def alert(database: Database) -> str:
    """An alert that was sent to Riley."""
    mail_ledger = SqlMailLedger(database)
    mail_ledger.claim("ana", "ana/alert/7/assigned/1", "alert", NOW)
    mail = Rendered(
        sender="hello@acme.example",
        to=RILEY,
        subject="A lead for you",
        text="",
        html="",
        message_id=ALERT,
        headers={},
    )
    mail_ledger.addressed("ana/alert/7/assigned/1", mail, 1)
    mail_ledger.settle("ana/alert/7/assigned/1", "sent")
    return ALERT


def alert_bounce(action: str, status: str) -> bytes:
    return bounce_report(action, status, "550 <riley@acme.example> no").replace(
        b"ana@northwind.example", RILEY.encode()
    )


async def test_an_alert_that_bounces_records_whom_it_did_not_reach(
    port: int, context: Context, database: Database, alert: str
) -> None:
    to = context.links.return_path(alert)
    for _ in range(2):
        await send(port, "", to, alert_bounce("failed", "5.1.1"))
    (event,) = intake_bodies(database)
    assert (event["lead"], event["type"]) == ("ana", "owner.unreachable")
    assert event["data"]["person"] == RILEY
    assert "550" in event["data"]["why"]


async def test_a_delay_and_a_notice_of_absence_do_not_make_the_owner_unreachable(
    port: int, context: Context, database: Database, alert: str
) -> None:
    to = context.links.return_path(alert)
    await send(port, "", to, alert_bounce("delayed", "4.4.1"))
    away = reply_mail("Out of office", "I am back on 9 March 2026.", Auto_Submitted="auto-replied")
    await send(port, "", to, away)
    assert intake_bodies(database) == []


async def test_an_alerts_token_unsubscribes_nobody(port: int, context: Context, alert: str) -> None:
    address = context.links.unsubscribe_mail(alert, RILEY)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await send(port, "", address, reply_mail("Re", "Hello"))
