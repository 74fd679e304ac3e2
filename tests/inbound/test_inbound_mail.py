"""Mail that comes back, by real SMTP: bounces, replies, notices, unsubscriptions."""

from __future__ import annotations

import smtplib

import pytest

from adapters.sql.directory import SqlDirectory
from models.directory import Directory, Member, Team
from tests.gateway.stored_rows import intake_bodies
from tests.inbound.deliveries import (
    RecordingMailer,
    bounce_report,
    delivery_report,
    reply_mail,
    send,
)
from usecases.context import Context


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("5.1.1", "hard"),
        ("5.0.0", "hard"),
        ("5.2.1", "hard"),
        ("5.2.2", "soft"),
        ("5.7.1", "soft"),
        ("5.4.4", "hard"),
        ("4.4.1", "soft"),
    ],
)
async def test_a_failure_is_a_bounce_of_the_kind_that_its_status_says(
    port: int, message: str, context: Context, status: str, kind: str
) -> None:
    for _ in range(2):
        await send(port, "", context.links.return_path(message), bounce_report("failed", status))
    [event] = intake_bodies(context.database)
    assert (event["lead"], event["type"], event["subject"]) == ("ana", "email.bounced", "welcome")
    assert (event["data"]["kind"], event["data"]["status"]) == (kind, status)
    assert "ana@" not in event["data"]["diagnostic"]


async def test_a_delay_is_no_bounce_and_a_delivery_is_recorded(
    port: int, message: str, context: Context
) -> None:
    to = context.links.return_path(message)
    await send(port, "", to, bounce_report("delayed", "4.4.7"))
    await send(port, "", to, bounce_report("delivered", "2.1.5"))
    assert [one["type"] for one in intake_bodies(context.database)] == ["email.delivered"]


async def test_a_bounce_that_no_program_can_read_is_a_soft_one(
    port: int, message: str, context: Context
) -> None:
    await send(port, "", context.links.return_path(message), b"Subject: failure\r\n\r\nSorry.\r\n")
    [event] = intake_bodies(context.database)
    assert (event["type"], event["data"]["kind"]) == ("email.bounced", "soft")


async def test_a_complaint_is_recorded_and_its_withdrawal_is_not(
    port: int, message: str, context: Context
) -> None:
    to = context.links.return_path(message)
    for kind in ("not-spam", "abuse"):
        fields = f"Feedback-Type: {kind}\nUser-Agent: Some/1\nVersion: 1"
        await send(port, "", to, delivery_report("feedback-report", fields))
    assert [one["type"] for one in intake_bodies(context.database)] == ["email.complained"]


async def test_a_persons_reply_is_recorded_and_passed_on_to_the_sender(
    port: int, message: str, context: Context, mailer: RecordingMailer
) -> None:
    mail = reply_mail("Re: Welcome", "Can we talk on Thursday?")
    await send(port, "ana@northwind.example", context.links.reply_to(message), mail)
    [event] = intake_bodies(context.database)
    assert (event["type"], event["machine"]) == ("email.replied", False)
    assert "Thursday" not in str(event)
    [passed] = mailer.sent
    assert passed.to == "hello@acme.example"
    assert "Can we talk on Thursday?" in passed.text
    assert passed.headers["Reply-To"] == "ana@northwind.example"
    assert passed.headers["Auto-Submitted"] == "auto-generated"


async def test_a_reply_that_was_passed_on_causes_no_mail_loop(
    port: int, message: str, context: Context, mailer: RecordingMailer
) -> None:
    SqlDirectory(context.database).apply(
        Directory(teams={"sdr": Team(members=(Member(email="riley@acme.example"),))})
    )
    mail = reply_mail("Re: Welcome", "Hello", X_Leadflow_Forwarded="reply")
    await send(port, "ana@northwind.example", context.links.reply_to(message), mail)
    assert mailer.sent == []


async def test_a_reply_that_can_not_be_passed_on_now_is_asked_for_again(
    port: int, message: str, context: Context, mailer: RecordingMailer
) -> None:
    mailer.away = True
    to = context.links.reply_to(message)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await send(port, "ana@northwind.example", to, reply_mail("Re", "Hello"))
    assert refused.value.smtp_code == 451
    assert intake_bodies(context.database) == []


@pytest.mark.parametrize(
    ("subject", "text", "returns"),
    [
        ("Out of office", "I am back on 15 March 2026.", "2026-03-15"),
        ("Automatic reply: Welcome", "I will return on March 16th.", "2026-03-16"),
        ("Abwesenheit", "Ich bin bis 16.03.2026 nicht im Haus.", "2026-03-16"),
        ("Abwesenheitsnotiz", "Ich bin wieder ab dem 16. März erreichbar.", "2026-03-16"),
        ("Réponse automatique", "De retour le 16 mars 2026.", "2026-03-16"),
        (
            "Respuesta automática",
            "Estaré de vacaciones hasta el 16 de marzo de 2026.",
            "2026-03-16",
        ),
        ("Out of office until 2026-03-20", "See you.", "2026-03-20"),
        ("Out of office", "I was back on 15 January 2026.", None),
        ("Out of office", "I am away. Call +49 30 1234567.", None),
    ],
)
async def test_an_out_of_office_notice_is_automatic_and_names_the_day_of_return(
    port: int, message: str, context: Context, *, subject: str, text: str, returns: str | None
) -> None:
    await send(port, "", context.links.reply_to(message), reply_mail(subject, text))
    [event] = intake_bodies(context.database)
    assert (event["type"], event["machine"]) == ("email.replied", True)
    assert event["data"].get("returns") == returns


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner=x"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
    ],
)
async def test_an_automatic_answer_is_recognised_by_its_headers(
    port: int, message: str, context: Context, mailer: RecordingMailer, headers: dict[str, str]
) -> None:
    mail = reply_mail("Re: Welcome", "Thank you.", **headers)
    await send(port, "ana@northwind.example", context.links.reply_to(message), mail)
    [event] = intake_bodies(context.database)
    assert event["machine"] is True
    assert mailer.sent == []


async def test_a_mail_to_the_unsubscribe_address_unsubscribes(
    port: int, message: str, context: Context
) -> None:
    to = context.links.unsubscribe_mail(message, "ana@northwind.example")
    await send(port, "ana@northwind.example", to, reply_mail("", ""))
    assert [one["type"] for one in intake_bodies(context.database)] == ["email.unsubscribed"]
    why = context.mail_ledger.suppression("ana@northwind.example", operational=False)
    assert why == "unsubscribed"


async def test_a_mail_whose_row_is_lost_unsubscribes_its_recipient_and_nobody_else(
    port: int, context: Context
) -> None:
    to = context.links.unsubscribe_mail("fedcba9876543210@acme.example", "ana@northwind.example")
    assert len(to.partition("@")[0]) == 64  # the most that a local part may have
    stranger = reply_mail("", "")
    stranger.replace_header("From", "Bo <bo@northwind.example>")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await send(port, "bo@northwind.example", to, stranger)
    assert refused.value.smtp_code == 550
    await send(port, "ana@northwind.example", to, reply_mail("", ""))
    why = context.mail_ledger.suppression("ana@northwind.example", operational=False)
    assert why == "unsubscribed"
    assert context.mail_ledger.suppression("bo@northwind.example", operational=False) is None


@pytest.mark.parametrize(
    "address",
    [
        "someone@elsewhere.example",
        "bounce@in.acme.example",
        "bounce+0123456789abcdef-0-00000000000000000000@in.acme.example",
        "hello@in.acme.example",
    ],
)
@pytest.mark.usefixtures("message")
async def test_a_mail_that_answers_no_mail_of_ours_is_refused(
    port: int, context: Context, address: str
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await send(port, "x@y.example", address, b"Subject: hi\r\n\r\nhi\r\n")
    assert refused.value.recipients[address][0] == 550
    assert intake_bodies(context.database) == []


async def test_an_address_survives_a_server_that_writes_it_in_capitals(
    port: int, message: str, context: Context
) -> None:
    to = context.links.return_path(message).upper()
    await send(port, "", to, bounce_report("failed", "5.1.1"))
    assert len(intake_bodies(context.database)) == 1


async def test_mail_that_is_too_large_is_refused(port: int, message: str, context: Context) -> None:
    with pytest.raises(smtplib.SMTPException):
        await send(port, "", context.links.return_path(message), b"x" * 10_100_000)
    assert intake_bodies(context.database) == []
