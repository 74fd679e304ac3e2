"""Alerts that come back: the lead records that its owner can't be reached."""

from __future__ import annotations

import smtplib

import pytest

from adapters.sql.database import Database
from tests.gateway.stored_rows import intake_bodies
from tests.inbound.deliveries import bounce_report, reply_mail, send
from tests.inbound.riley_s_alerts import alert_to_riley, message_of
from tests.sent_alerts import send_together
from usecases.context import Context

RILEY = "riley@acme.example"


@pytest.fixture
def alert(database: Database) -> str:
    """An alert that was sent to Riley."""
    send_together(database, [("ana", alert_to_riley("ana"))])
    return message_of("ana")


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
