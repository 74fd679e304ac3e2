"""Bounces as the world's mail servers write them: `notices.yaml` holds their answers and notices.

Each answer is tried as an SMTP answer and, in turn, in a report for programs, in a notice of Exim
and in one of qmail, which have no report. A test counts an answer once, so that it stays fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.delivery.refusals import refusal_kind
from bench.bounces import judged, missed
from gateway.inbound.arrived_mail import read_arrived
from gateway.inbound.recognise import bounce_in

ADDRESS = "x.bauer@firma.example"
REPORT = """\
From: MAILER-DAEMON@mx.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="BB"

--BB
Content-Type: text/plain; charset=utf-8

{text}

--BB
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; x.bauer@firma.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--BB
Content-Type: message/rfc822

Return-Path: <bounce+abc@in.acme.example>
Subject: Our spring offer

Hello. User unknown? Mailbox full? Spam? No: this is an offer.

--BB--
"""
EXIM = """\
From: Mail Delivery System <Mailer-Daemon@mx.example>
Subject: Mail delivery failed: returning message to sender
Content-Type: text/plain; charset=utf-8

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  x.bauer@firma.example
    {answer}

------ This is a copy of the message, including all the headers. ------

Subject: User unknown, mailbox full, spam
"""
QMAIL = """\
From: MAILER-DAEMON@mx.example
Subject: failure notice
Content-Type: text/plain; charset=utf-8

Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<x.bauer@firma.example>:
203.0.113.9 does not like recipient.
Remote host said: {answer}
Giving up on 203.0.113.9.

--- Below this line is a copy of the message.

Subject: User unknown, mailbox full, spam
"""


@cache
def corpus() -> Any:
    return yaml.safe_load(Path(__file__).with_name("notices.yaml").read_text(encoding="utf-8"))


def mail_of(notice: dict[str, Any]) -> bytes:
    report = notice.get("report")
    if report is not None:
        return REPORT.format(text=notice["text"], **report).encode()
    mail = EmailMessage()
    mail["From"], mail["Subject"] = notice["from"], notice["subject"]
    mail.set_content(
        notice.get("text") or notice["html"], subtype="html" if "html" in notice else "plain"
    )
    return mail.as_bytes()


def in_every_form(answer: str, turn: int) -> Iterator[tuple[str, str]]:
    """What an answer counts as: by SMTP, and in one of the other forms in turn."""
    code = answer[:3]
    if code.isdigit() and code.startswith("5"):
        yield "smtp", "hard" if refusal_kind(int(code), answer, "RCPT") == "bounced" else "not hard"
    status = "5.0.0" if not code.startswith("4") else "4.0.0"
    report = REPORT.format(text="It failed.", action="failed", status=status, diagnostic=answer)
    forms = (report, EXIM.format(answer=answer), QMAIL.format(answer=answer))
    form = turn % len(forms)
    yield ("report", "exim", "qmail")[form], judged(forms[form].encode())


@pytest.mark.parametrize("meaning", ["dead", "alive"])
def test_an_answer_means_the_same_in_every_form(meaning: str) -> None:
    wrong = [
        (form, word, answer)
        for turn, answer in enumerate(corpus()["answers"][meaning])
        for form, word in in_every_form(answer, turn)
        if (word == "hard") is not (meaning == "dead")
    ]
    assert wrong == []


def test_a_notice_is_a_bounce_whoever_sends_it() -> None:
    wrong = []
    for notice in corpus()["notices"]:
        mail = read_arrived(mail_of(notice))
        found = bounce_in(mail, ADDRESS, at_bounce=True, null_sender=False)
        hard = found is not None and found.action == "failed" and found.kind == "hard"
        if found is None or hard is not (notice["means"] == "dead"):
            wrong.append((notice["name"], found))
    assert wrong == []


@pytest.mark.parametrize(
    "subject",
    [
        "Delivery Status Notification (Success)",
        "Delivered: Our spring offer",
        "Successful mail delivery: Our spring offer",
        "Zugestellt: Unser Angebot",
        "Message distribué avec succès",
    ],
)
def test_a_notice_that_a_mail_was_delivered_is_no_bounce(subject: str) -> None:
    text = "Your message was delivered. The server of the recipient does not send this notice."
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "postmaster@firma.example", subject
    mail.set_content(f"{text}\nUnknown users at firma.example do not exist.")
    found = bounce_in(read_arrived(mail.as_bytes()), ADDRESS, at_bounce=True, null_sender=True)
    assert found is not None
    assert found.action == "delivered"


@pytest.mark.parametrize(
    ("action", "status", "understood"),
    [
        ("deliverable", "2.1.5", "relayed"),
        ("ok", "2.0.0", "relayed"),
        ("failure", "5.1.1", "failed"),
        ("failed (bad destination mailbox address)", "5.1.1", "failed"),
        ("", "5.1.1", "failed"),
    ],
)
def test_an_action_that_no_standard_knows_is_read_by_its_status(
    action: str, status: str, understood: str
) -> None:
    said = REPORT.format(text="", action=action, status=status, diagnostic=f"{status} x")
    found = bounce_in(read_arrived(said.encode()), ADDRESS, at_bounce=True, null_sender=True)
    assert found is not None
    assert (found.action, found.status) == (understood, status)


def test_the_bench_counts_what_the_door_decides() -> None:
    counts: dict[str, Counter[str]] = {"dead": Counter(), "alive": Counter()}
    for notice in corpus()["notices"][::4]:
        counts[notice["means"]][judged(mail_of(notice))] += 1
    assert missed(counts) == []
    assert missed({"dead": Counter(hard=9, soft=1), "alive": Counter(hard=1, person=1)}) == [
        "dead addresses hard: below 95 %",
        "living ones hard: above 2 %",
        "bounces taken for a person: 1",
    ]
    assert missed({"vacation": Counter(person=2)}) == ["bounces taken for a person: 2"]
    assert missed({"person": Counter(person=2)}) == []
