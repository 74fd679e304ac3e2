"""Prospects over HTTP and SMTP, as the outside reaches a running leadflow.

They load images, follow links, press the button for one-click unsubscription and answer mail.
Their mail servers return what they can't deliver, and their scanners follow every link first.
Each request is tried again as retries.py says.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, make_msgid
from functools import partial
from html import unescape
from typing import Any

import httpx

from demonstration.retries import PAUSES, persistently, request
from models.envelopes import Json

_LINK = re.compile(r'<a\b[^>]*\bhref="([^"]+)"')
_IMAGE = re.compile(r'<img\b[^>]*\bsrc="([^"]+)"')
_EVENTS_AT_ONCE = 500
"""Events in one request."""

_BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36"
)
_OUT_OF_OFFICE = "Thank you for your message. I am out of office and back on {:%d %B %Y}."


class ProspectClient:
    """What people and machines outside do with a mail. `key` is an API key for events."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        url: str,
        inbound: int,
        key: str,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._http = http
        self._pauses = pauses
        self._url = url
        self._inbound = inbound
        self._key = key

    async def send_events(self, lead: str, events: Sequence[Json]) -> None:
        """Send events as our own web site and product do; each has an id."""
        items = [{"lead": lead, **event} for event in events]
        for start in range(0, len(items), _EVENTS_AT_ONCE):
            answer = await self._request(
                "POST",
                f"{self._url}/v1/events",
                json={"events": items[start : start + _EVENTS_AT_ONCE]},
                headers={"Authorization": f"Bearer {self._key}"},
            )
            answer.raise_for_status()
            refused = [one for one in answer.json()["results"] if one["status"] == "rejected"]
            if refused:
                raise ValueError(f"the gateway refused an event: {refused[0]}")

    async def load_images(self, mail: EmailMessage) -> None:
        """Load the mail's images."""
        for image in _IMAGE.findall(_html(mail)):
            await self._follow(unescape(image))

    async def follow_link(self, mail: EmailMessage) -> None:
        """Follow the first link that a person can see."""
        for link in _tracked(_text(mail)):
            await self._follow(link)
            return

    async def follow_all_links(self, mail: EmailMessage) -> None:
        """Follow every link in the source, as a mail scanner does; it says it is a browser."""
        links = [unescape(one) for one in _LINK.findall(_html(mail))]
        await asyncio.gather(*(self._follow(one) for one in links if "/c/" in one))

    async def unsubscribe(self, mail: EmailMessage) -> None:
        """Press the mail program's own button: RFC 8058's one click."""
        url = str(mail["List-Unsubscribe"]).partition(">")[0].lstrip("<")
        answer = await self._request("POST", url, data={"List-Unsubscribe": "One-Click"})
        answer.raise_for_status()

    async def return_to_sender(self, mail: EmailMessage, at: datetime) -> None:
        """Return the mail: its address does not exist (RFC 3464)."""
        about, of = Message(), Message()
        about["Reporting-MTA"] = "dns; mx.prospect.example"
        of["Final-Recipient"] = f"rfc822; {mail['To'].addresses[0].addr_spec}"
        of["Action"] = "failed"
        of["Status"] = "5.1.1"
        of["Diagnostic-Code"] = "smtp; 550 5.1.1 no such user here"
        report = MIMEBase("message", "delivery-status")
        report.set_payload([about, of])
        await self._report(mail, at, "delivery-status", report)

    async def complain(self, mail: EmailMessage, at: datetime) -> None:
        """Report the mail as unwanted (RFC 5965)."""
        fields = "Feedback-Type: abuse\r\nUser-Agent: Prospect-Mail/1.0\r\nVersion: 1\r\n"
        report = MIMEBase("message", "feedback-report")
        report.set_payload(fields)
        await self._report(mail, at, "feedback-report", report)

    async def reply(self, mail: EmailMessage, at: datetime) -> None:
        """Answer as a person does."""
        await self._reply(mail, at, "Sounds interesting. Can we talk on Thursday?")

    async def reply_out_of_office(self, mail: EmailMessage, at: datetime, back: datetime) -> None:
        """Answer as an out-of-office notice does (RFC 3834)."""
        await self._reply(mail, at, _OUT_OF_OFFICE.format(back), automatic=True)

    async def _follow(self, url: str) -> None:
        answer = await self._request("GET", url, headers={"User-Agent": _BROWSER})
        if answer.is_error:
            raise ValueError(f"the gateway answered {answer.status_code} to a link in a mail")

    async def _report(self, mail: EmailMessage, at: datetime, kind: str, report: MIMEBase) -> None:
        about = MIMEMultipart("report", report_type=kind)
        about["From"] = "Mail Delivery System <MAILER-DAEMON@mx.prospect.example>"
        about["To"] = str(mail["Return-Path"])
        about["Subject"] = "Returned mail"
        about["Date"] = format_datetime(at)
        about["Message-ID"] = make_msgid(domain="mx.prospect.example")
        about["Auto-Submitted"] = "auto-replied"
        about.attach(MIMEText("This is about the mail below.\n"))
        about.attach(report)
        about.attach(MIMEMessage(mail))
        await self._send("", str(mail["Return-Path"]).strip("<>"), about.as_bytes(policy=_POLICY))

    async def _reply(
        self, mail: EmailMessage, at: datetime, text: str, *, automatic: bool = False
    ) -> None:
        answer = EmailMessage(policy=policy.SMTP)
        answer["From"] = str(mail["To"])
        answer["To"] = str(mail["Reply-To"])
        answer["Subject"] = f"{'Automatic reply' if automatic else 'Re'}: {mail['Subject']}"
        answer["Date"] = at
        answer["Message-ID"] = make_msgid(domain="prospect.example")
        answer["In-Reply-To"] = str(mail["Message-ID"])
        if automatic:
            answer["Auto-Submitted"] = "auto-replied"
        answer.set_content(text)
        sender = "" if automatic else mail["To"].addresses[0].addr_spec
        to = mail["Reply-To"].addresses[0].addr_spec
        await self._send(sender, to, answer.as_bytes())

    async def _send(self, sender: str, to: str, content: bytes) -> None:
        deliver = partial(asyncio.to_thread, _deliver, self._inbound, sender, to, content)
        await persistently(deliver, self._pauses)

    async def _request(self, method: str, url: str, **more: Any) -> httpx.Response:
        return await request(self._http, method, url, pauses=self._pauses, **more)


_SMTP_SECONDS = 30.0
_POLICY = policy.compat32.clone(linesep="\r\n")


def _deliver(port: int, sender: str, to: str, content: bytes) -> None:
    with smtplib.SMTP(
        "127.0.0.1", port, local_hostname="mx.prospect.example", timeout=_SMTP_SECONDS
    ) as server:
        server.sendmail(sender, [to], content)


def _html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    return str(part.get_content()) if part is not None else ""


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def _tracked(text: str) -> list[str]:
    return re.findall(r"https?://[^\s()<>]+/c/[0-9a-f-]+", text)
