"""A person's reply is passed on to a person, or the sender's server keeps it."""

from __future__ import annotations

import dataclasses
import smtplib
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.mail.message import build_message
from adapters.sql.database import open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from gateway.inbound.listener import receiving
from gateway.requests.http_server import listening
from models.directory import Directory, Member, Team
from models.state import dump_state
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from tests.gateway.stored_rows import NOW, intake_bodies
from tests.inbound.deliveries import RecordingMailer, reply_mail, send
from usecases.context import Context

ANA = "ana@northwind.example"
RILEY = "riley@acme.example"
HELLO = "hello@acme.example"


@pytest.fixture
def owned_message(context: Context, message: str) -> str:
    """Ana's mail; riley owns the lead."""
    team = Team(members=(Member(email=RILEY),))
    SqlDirectory(context.database).apply(Directory(teams={"sdr": team}))
    stored = context.journal.stored("ana")
    assert stored is not None
    state = dump_state(dataclasses.replace(stored.state, owner=RILEY))
    leads = table_of(LeadRow)
    with context.database.write() as connection:
        connection.execute(sa.update(leads).where(leads.c.id == "ana").values(state=state))
    return message


async def send_reply(port: int, context: Context, message: str, mail: EmailMessage) -> None:
    await send(port, ANA, context.links.reply_to(message), mail)


async def test_a_reply_goes_to_the_owner(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    await send_reply(
        port, context, owned_message, reply_mail("Re: Welcome", "Can we talk on Thursday?")
    )
    [passed] = mailer.sent
    assert passed.to == RILEY
    assert "Can we talk on Thursday?" in passed.text
    assert build_message(passed, NOW)["Reply-To"] == ANA


async def test_a_reply_that_the_owners_server_refuses_goes_to_the_sender(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    mailer.refuses = {RILEY}
    await send_reply(port, context, owned_message, reply_mail("Re: Welcome", "Hello"))
    assert [one.to for one in mailer.sent] == [HELLO]


async def test_a_reply_that_everybody_refuses_stays_with_its_senders_server(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    mailer.refuses = {RILEY, HELLO}
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await send_reply(port, context, owned_message, reply_mail("Re: Welcome", "Hello"))
    assert refused.value.smtp_code == 451
    assert intake_bodies(context.database) == []


async def test_a_reply_brought_twice_is_one_event_and_one_message_id(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    for received in ("by a", "by b"):
        mail = reply_mail("Re: Welcome", "Hello", Received=received)
        await send_reply(port, context, owned_message, mail)
    assert len(intake_bodies(context.database)) == 1
    assert len({one.message_id for one in mailer.sent}) == 1


async def test_a_reply_in_html_with_a_file_is_passed_on_as_text_that_names_the_file(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    mail = reply_mail("Re: Welcome", "")
    mail.set_content("<p>Yes, <b>please</b>.</p>", subtype="html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="order.pdf")
    await send_reply(port, context, owned_message, mail)
    [passed] = mailer.sent
    assert "Yes, please." in passed.text
    assert "1 attached" in passed.text


async def test_a_reply_in_an_unknown_charset_is_not_lost(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    raw = b"From: x\r\nContent-Type: text/plain; charset=klingon\r\n\r\nCall me, \xc3\xa4h.\r\n"
    await send(port, ANA, context.links.reply_to(owned_message), raw)
    [passed] = mailer.sent
    assert "Call me, äh." in passed.text
    assert passed.headers["Reply-To"] == ANA


async def test_line_breaks_in_a_replys_headers_add_no_header_to_our_mail(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    raw = (
        b"From: =?utf-8?q?Ana=0D=0ABcc=3A_x=40y=2Eexample?= <ana@northwind.example>\r\n"
        b"Subject: =?utf-8?q?Re=0D=0ABcc=3A_x=40y=2Eexample?=\r\n\r\nHello\r\n"
    )
    await send(port, ANA, context.links.reply_to(owned_message), raw)
    [passed] = mailer.sent
    assert "Bcc" not in build_message(passed, NOW)


async def test_mail_is_asked_for_again_while_the_database_is_away(
    context: Context, owned_message: str, tmp_path: Path
) -> None:
    empty = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    away = dataclasses.replace(context, intake=SqlIntake(empty))
    listener = listening("127.0.0.1", 0)
    async with receiving(away, listener):
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await send_reply(
                listener.getsockname()[1], context, owned_message, reply_mail("Re", "Hello")
            )
    empty.close()
    assert refused.value.smtp_code == 451


async def test_a_forwarded_reply_says_so_is_limited_and_is_not_written_in_our_name(
    port: int, context: Context, owned_message: str, mailer: RecordingMailer
) -> None:
    said = "Your invoice is due.\n" + "pay now\n" * 3_000
    mail = reply_mail("Invoice \u202e" + "nine " * 60, said).as_bytes(policy=policy.SMTP)
    await send(port, ANA, context.links.reply_to(owned_message), mail)
    [passed] = mailer.sent
    assert passed.subject.startswith("[Forwarded reply] Invoice ")
    assert "\u202e" not in passed.subject
    assert len(passed.subject) < 200
    assert passed.sender == f"Forwarded reply <{HELLO}>"
    assert "\n> Your invoice is due.\n" in passed.text
    assert "more characters" in passed.text
    assert len(passed.text) < 25_000
