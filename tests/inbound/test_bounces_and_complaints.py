"""Reports in the forms that RFCs allow, and in those that servers really send."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import pytest

from tests.gateway.stored_rows import intake_bodies, store_lead
from tests.inbound.deliveries import bounce_report, delivery_report, reply_mail, send
from usecases.context import Context

ANA = "ana@northwind.example"
ABUSE = "Feedback-Type: abuse\nUser-Agent: Some/1\nVersion: 1"


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind"),
    [
        ("5.0.0", "552 Mailbox is full", "soft"),
        ("5.0.0", "550 5.2.2 over quota", "soft"),
        ("5.0.0", "550 mailbox for <ana@northwind.example> is full", "soft"),
        ("5.0.0", "554 Transaction failed", "soft"),
        ("5.0.0", "553 no such mailbox name", "hard"),
        ("5.0.0", "550 from 192.5.1.1 there is no such user", "hard"),
        ("5.1.1 (no such user)", "550 no", "hard"),
        ("5.1.8", "550 5.1.8 sender's domain", "soft"),
        ("", "550 5.1.1 no such user", "hard"),
        ("", "550 no such user", "hard"),
    ],
)
async def test_if_the_status_says_nothing_the_text_of_the_server_decides(
    port: int, message: str, context: Context, *, status: str, diagnostic: str, kind: str
) -> None:
    content = bounce_report("failed", status, diagnostic)
    await send(port, "", context.links.return_path(message), content)
    [event] = intake_bodies(context.database)
    assert event["data"]["kind"] == kind


@pytest.mark.parametrize(
    "content",
    [bounce_report("failed", "5.1.1"), reply_mail("Returned mail", "550 5.1.1 no such user")],
)
async def test_a_bounce_of_a_former_address_does_not_count_for_the_new_one(
    port: int, message: str, context: Context, content: bytes | EmailMessage
) -> None:
    store_lead(context.database, email="ana@new.example")
    await send(port, "", context.links.return_path(message), content)
    assert intake_bodies(context.database) == []


async def test_of_several_recipients_only_the_one_who_got_our_mail_counts(
    port: int, message: str, context: Context
) -> None:
    fields = """Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; list@else.example
Action: failed
Status: 5.7.1

Final-Recipient: rfc822; Ana@Northwind.Example
Action: failed
Status: 5.1.1"""
    await send(
        port, "", context.links.return_path(message), delivery_report("delivery-status", fields)
    )
    [event] = intake_bodies(context.database)
    assert event["data"]["status"] == "5.1.1"


async def test_a_notice_without_a_report_is_judged_by_its_words_and_quotes_the_reason(
    port: int, message: str, context: Context
) -> None:
    mail = reply_mail(
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.\n\n<ana@northwind.example>:\n"
        "192.0.2.1 does not like recipient.\n"
        "Remote host said: 550 5.1.1 <ana@northwind.example> unknown\nGiving up.\n",
    )
    mail.replace_header("From", "MAILER-DAEMON@mx.example")
    await send(port, "", context.links.return_path(message), mail)
    [event] = intake_bodies(context.database)
    assert event["type"] == "email.bounced"
    assert event["data"]["kind"] == "hard"
    assert event["data"]["diagnostic"] == "Remote host said: 550 5.1.1 … unknown"


async def test_a_read_receipt_is_no_bounce(port: int, message: str, context: Context) -> None:
    content = delivery_report("disposition-notification", "Disposition: manual-action/x; displayed")
    await send(port, "", context.links.return_path(message), content)
    [event] = intake_bodies(context.database)
    assert (event["type"], event["machine"]) == ("email.replied", True)


async def test_a_reply_to_the_bounce_address_is_a_reply(
    port: int, message: str, context: Context
) -> None:
    mail = reply_mail("Re: Welcome", "Can we talk?")
    await send(port, "ana@northwind.example", context.links.return_path(message), mail)
    [event] = intake_bodies(context.database)
    assert (event["type"], event["machine"]) == ("email.replied", False)


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("abuse", ["email.complained"]),
        ("fraud", ["email.complained"]),
        ("opt-out", ["email.unsubscribed"]),
        ("not-spam", []),
        ("auth-failure", []),
    ],
)
async def test_a_feedback_report_means_what_its_type_says(
    port: int, message: str, context: Context, kind: str, types: list[str]
) -> None:
    content = delivery_report("feedback-report", f"Feedback-Type: {kind}\nVersion: 1")
    await send(port, "", context.links.return_path(message), content)
    assert [one["type"] for one in intake_bodies(context.database)] == types


@pytest.mark.parametrize("header", ["Reply-To", "Return-Path", "List-Unsubscribe"])
async def test_a_providers_complaint_is_matched_by_the_signed_addresses_of_the_mail(
    port: int, message: str, context: Context, header: str
) -> None:
    links = context.links
    value = {
        "Reply-To": links.reply_to(message),
        "Return-Path": f"<{links.return_path(message)}>",
        "List-Unsubscribe": f"<https://x.example>, <mailto:{links.unsubscribe_mail(message, ANA)}>",
    }[header]
    content = delivery_report("feedback-report", ABUSE, f"{header}: {value}\n")
    await send(port, "fbl@provider.example", "fbl@in.acme.example", content)
    [event] = intake_bodies(context.database)
    assert (event["lead"], event["type"]) == ("ana", "email.complained")


@pytest.mark.parametrize(
    "content",
    [
        delivery_report("feedback-report", ABUSE, "Reply-To: hello@acme.example\n"),
        delivery_report(
            "feedback-report", ABUSE, "Reply-To: reply+0123456789abcdef-0-{0}@in.acme.example\n"
        ).replace(b"{0}", b"0" * 20),
        delivery_report("feedback-report", ABUSE, "Message-ID: <0123456789abcdef@acme.example>\n"),
        b"Subject: hello\r\n\r\nBuy this.\r\n",
    ],
    ids=["not ours", "forged", "a Message-ID that can be guessed", "no report"],
)
@pytest.mark.usefixtures("message")
async def test_a_report_that_proves_nothing_is_refused(
    port: int, context: Context, content: bytes
) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await send(port, "x@y.example", "fbl@in.acme.example", content)
    assert refused.value.smtp_code == 554
    assert intake_bodies(context.database) == []


async def test_a_second_unsubscription_by_mail_is_recorded_too(
    port: int, message: str, context: Context
) -> None:
    to = context.links.unsubscribe_mail(message, ANA)
    for number in (1, 1, 2):
        mail = reply_mail("unsubscribe", "")
        mail.replace_header("Message-ID", f"<{number}@northwind.example>")
        await send(port, "ana@northwind.example", to, mail)
    assert [one["type"] for one in intake_bodies(context.database)] == ["email.unsubscribed"] * 2
