"""Mail as other servers deliver it."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

from activities.ports import MailRefusedError, MailUnsentError, Rendered
from tests.waiting import LIMIT

FIXTURES = Path(__file__).with_name("fixtures")


class RecordingMailer:
    """A mail server that accepts all mail, or no mail for now, or no mail to these addresses."""

    def __init__(self) -> None:
        self.sent: list[Rendered] = []
        self.away = False
        self.refuses: set[str] = set()

    async def send(
        self, mail: Rendered, *, before_content: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        assert before_content is None
        if self.away:
            raise MailUnsentError("away")
        if mail.to in self.refuses:
            raise MailRefusedError("550 5.1.1 unknown")
        self.sent.append(mail)


def read_recorded_mail(name: str) -> tuple[str, bytes]:
    """A recorded mail: its envelope's sender, and what was sent."""
    first, _, content = (FIXTURES / f"{name}.eml").read_bytes().partition(b"\r\n")
    return first.decode().removeprefix("Return-Path: ").strip("<>"), content


async def send(port: int, sender: str, to: str, content: bytes | EmailMessage) -> None:
    """Send by SMTP. Raises smtplib's errors."""
    raw = content if isinstance(content, bytes) else content.as_bytes()

    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="mx.example", timeout=LIMIT) as server:
            server.sendmail(sender, [to], raw)

    await asyncio.to_thread(deliver)


def reply_mail(subject: str, text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Ana <ana@northwind.example>"
    mail["Subject"] = subject
    mail["Date"] = "Mon, 02 Mar 2026 10:00:00 +0000"
    mail["Message-ID"] = "<1@northwind.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def delivery_report(kind: str, fields: str, original: str = "From: hello@acme.example\n") -> bytes:
    """A report as servers write it."""
    lines = f"""From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="b"

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/{kind}

{fields}
--b
Content-Type: message/rfc822

{original}Subject: Welcome

Hello.
--b--
"""
    return lines.replace("\n", "\r\n").encode()


def bounce_report(
    action: str, status: str, diagnostic: str = "550 <ana@northwind.example> no"
) -> bytes:
    """A notification on one recipient (RFC 3464)."""
    return delivery_report(
        "delivery-status",
        f"""Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ana@northwind.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}""",
    )
