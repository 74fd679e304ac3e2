"""A mail with several alerts that comes back, or is answered."""

from __future__ import annotations

import smtplib

import pytest

from activities.alert_pace import alert_id
from adapters.sql.database import Database
from tests.gateway.stored_rows import intake_bodies
from tests.inbound.deliveries import bounce_report, reply_mail, send
from tests.inbound.riley_s_alerts import alert_to_riley
from tests.sent_alerts import send_together
from usecases.context import Context

RILEY = "riley@acme.example"
LEADS = ("ana", "bo", "cy")


@pytest.fixture
def bundle(database: Database) -> str:
    """The Message-ID of a mail to Riley about three leads."""
    mail = send_together(database, [(lead, alert_to_riley(lead)) for lead in LEADS])
    return f"{alert_id(mail.key)}@acme.example"


async def test_a_bounce_reaches_each_of_the_leads_once(
    port: int, context: Context, database: Database, bundle: str
) -> None:
    report = bounce_report("failed", "5.1.1", "550 <riley@acme.example> no")
    report = report.replace(b"ana@northwind.example", RILEY.encode())
    for _ in range(2):
        await send(port, "", context.links.return_path(bundle), report)
    events = intake_bodies(database)
    assert sorted(one["lead"] for one in events) == sorted(LEADS)
    assert {(one["type"], one["data"]["person"]) for one in events} == {
        ("owner.unreachable", RILEY)
    }


async def test_an_answer_is_refused_with_a_sentence_that_says_where_to_write(
    port: int, context: Context, database: Database, bundle: str
) -> None:
    to = context.links.reply_to(bundle)
    mail = reply_mail("Re: 3 alerts", "She wants a price.")
    with pytest.raises(smtplib.SMTPDataError, match="several leads; use 'Write a note'"):
        await send(port, RILEY, to, mail)
    away = reply_mail("Out of office", "Back on Monday.", Auto_Submitted="auto-replied")
    await send(port, "", to, away)
    assert intake_bodies(database) == []


async def test_nobody_can_unsubscribe_by_it(port: int, context: Context, bundle: str) -> None:
    address = context.links.unsubscribe_mail(bundle, RILEY)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await send(port, "", address, reply_mail("Re", "Hello"))
