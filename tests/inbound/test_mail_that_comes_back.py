"""Mail as other servers write it, each with what it means; `cases/` holds one a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gateway.stored_rows import intake_bodies
from tests.inbound.deliveries import RecordingMailer, bounce_report, reply_mail, send
from usecases.context import Context

CASES = Path(__file__).with_name("cases")
ADDRESS = "ana@northwind.example"


async def accepted_event(port: int, context: Context, message: str, name: str, door: str) -> Any:
    returns = context.links.return_path(message)
    text = (CASES / f"{name}.eml").read_text()
    for mark, value in (
        ("@@ADDRESS@@", ADDRESS),
        ("@@RETURN_PATH@@", returns),
        ("@@MESSAGE_ID@@", message),
    ):
        text = text.replace(mark, value)
    to = {"bounce": returns, "reply": context.links.reply_to(message), "fbl": "fbl@in.acme.example"}
    sender = {"bounce": "", "reply": ADDRESS, "fbl": "fbl@mailbox.example"}[door]
    if name.startswith("gateway"):
        sender = "ndr@northwind.example"
    await send(port, sender, to[door], text.replace("\n", "\r\n").encode())
    [event] = intake_bodies(context.database)
    return event


@pytest.mark.parametrize(
    ("name", "kind", "about"),
    [
        ("sender-on-blocklist-5.1.0", "soft", "us"),
        ("spam-detected-550", "soft", "us"),
        ("rate-5.2.1", "soft", "us"),
        ("too-many-recipients-5.1.1", "soft", "us"),
        ("domain-not-found-5.4.4", "hard", None),
        ("mailbox-unavailable-5.5.0", "hard", None),
        ("qmail-no-report", "hard", None),
        ("gateway-notice-own-sender", "hard", None),
    ],
)
async def test_a_bounce_means_what_its_words_say(
    port: int, message: str, context: Context, *, name: str, kind: str, about: str | None
) -> None:
    event = await accepted_event(port, context, message, name, "bounce")
    assert event["type"] == "email.bounced"
    assert (event["data"]["kind"], event["data"].get("about")) == (kind, about)


async def test_an_opt_out_by_feedback_unsubscribes(
    port: int, message: str, context: Context
) -> None:
    event = await accepted_event(port, context, message, "feedback-opt-out", "fbl")
    assert event["type"] == "email.unsubscribed"


async def test_an_absence_that_names_its_day_first_is_understood(
    port: int, message: str, context: Context
) -> None:
    event = await accepted_event(port, context, message, "absence-am-wieder", "reply")
    assert (event["machine"], event["data"]["returns"]) == (True, "2026-03-16")


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        ("550 relay not permitted", "soft"),
        ("550 5.1.1 rejected: listed at zen.spamhaus.org", "soft"),
        ("550 5.1.1 message fails DMARC of its domain", "soft"),
        ("552 5.2.2 over quota", "soft"),
        ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "hard"),
        ("554 delivery error: dd This user doesn't have a yahoo.com account", "hard"),
        ("550 Benutzer ist hier unbekannt", "hard"),
        ("550 l'utilisateur est inconnu", "hard"),
        ("550 el usuario no existe", "hard"),
        ("450 4.2.1 try again later", "soft"),
    ],
)
async def test_the_words_of_a_bounce_count_more_than_its_numbers(
    port: int, message: str, context: Context, *, expected: str, kind: str
) -> None:
    content = bounce_report("failed", "5.0.0", expected)
    await send(port, "", context.links.return_path(message), content)
    [event] = intake_bodies(context.database)
    assert event["data"]["kind"] == kind


@pytest.mark.parametrize(
    ("subject", "machine"),
    [
        ("AUTO: Ana is away", True),
        ("Risposta automatica: Welcome", True),
        ("Out of office until Monday", True),
        ("自動返信: Welcome", True),
        ("Out of office replies break our form", False),
        ("Re: Automatic reply: Welcome", False),
        ("Re: Undelivered Mail Returned to Sender", False),
    ],
)
async def test_a_notice_is_recognised_by_its_subject_and_a_persons_mail_about_one_is_not_a_notice(
    port: int,
    message: str,
    context: Context,
    mailer: RecordingMailer,
    *,
    subject: str,
    machine: bool,
) -> None:
    await send(port, ADDRESS, context.links.reply_to(message), reply_mail(subject, "Hello."))
    [event] = intake_bodies(context.database)
    assert event["machine"] is machine
    assert bool(mailer.sent) is not machine


@pytest.mark.parametrize(
    ("text", "returns"),
    [
        ("Back in the office on 20 March 2026.", "2026-03-20"),
        ("I am away until March 2027.", None),
        ("I am back soon, available at 030/12.34.5678.", None),
        ("Sono assente fino al 20 marzo 2026.", "2026-03-20"),
        ("Ik ben terug op 20 maart 2026.", "2026-03-20"),
        ("Volto a 20 de março de 2026.", "2026-03-20"),
        ("2026年3月20日から出社します。", "2026-03-20"),
    ],
)
async def test_only_a_date_is_read_as_a_date(
    port: int, message: str, context: Context, *, text: str, returns: str | None
) -> None:
    mail = reply_mail("Automatic reply: Welcome", text)
    await send(port, ADDRESS, context.links.reply_to(message), mail)
    [event] = intake_bodies(context.database)
    assert event["data"].get("returns") == returns
