"""Every door by which an address can be suppressed, each with the same request: no mail to Ana."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from smtplib import SMTPException
from typing import Any

import httpx
from fastapi import FastAPI

import starter
from gateway import providers
from gateway.api import intake
from gateway.inbound.listener import receiving
from gateway.recipients import preferences, unsubscribing
from gateway.requests.http_server import listening
from gateway.requests.problems import explain
from lifecycle.nurture.suppression import SuppressionReason
from tests.gateway.provider_messages import (
    by_mailgun,
    by_postmark,
    by_sendgrid,
    by_ses,
    by_standard_webhooks,
    provider_secrets,
)
from tests.gateway.stored_rows import MAIL
from tests.inbound.deliveries import bounce_report, delivery_report, reply_mail, send
from usecases.context import Context

ANA = "ana@northwind.example"
MESSAGE = f"{MAIL}@acme.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass(frozen=True)
class SuppressingDoor:
    """One way in. `ask` makes the request; it may fail, as a request does."""

    name: str
    reason: SuppressionReason
    ask: Callable[[Context, Path], Awaitable[None]]


def _command(*arguments: str) -> Callable[[Context, Path], Awaitable[None]]:
    async def ask(_: Context, folder: Path) -> None:
        listed = folder / "list.csv"
        listed.write_text(f"address,reason\n{ANA},complained\n", encoding="utf-8")
        given = [str(listed) if one == "LIST" else one for one in arguments]
        with suppress(SystemExit):
            starter.main(given)

    return ask


def _app(context: Context) -> FastAPI:
    """Not the whole application, which takes half a second to build."""
    app = FastAPI()
    explain(app)
    for part in (unsubscribing, preferences, intake):
        app.include_router(part.router(context))
    app.include_router(providers.router(context, provider_secrets()))
    return app


def _request_over_http(
    post: Callable[[Context, httpx.AsyncClient, Path], Awaitable[httpx.Response]],
) -> Callable[[Context, Path], Awaitable[None]]:
    async def ask(context: Context, folder: Path) -> None:
        transport = httpx.ASGITransport(_app(context), raise_app_exceptions=False)
        url = "https://go.acme.example"
        async with httpx.AsyncClient(transport=transport, base_url=url) as http:
            answered = await post(context, http, folder)
            assert answered.status_code in (200, 202, 503), answered.text

    return ask


def _report_of_provider(
    name: str, made: Callable[[], tuple[bytes, dict[str, str]]]
) -> Callable[[Context, Path], Awaitable[None]]:
    async def post(_: Context, http: httpx.AsyncClient, _folder: Path) -> httpx.Response:
        content, headers = made()
        return await http.post(f"/v1/providers/{name}", content=content, headers=headers)

    return _request_over_http(post)


def _send_mail(
    to: Callable[[Context], str], content: Any
) -> Callable[[Context, Path], Awaitable[None]]:
    async def ask(context: Context, _: Path) -> None:
        listener: socket.socket = listening("127.0.0.1", 0)
        async with receiving(context, listener):
            with suppress(SMTPException):  # asked to try again later
                await send(listener.getsockname()[1], "", to(context), content)

    return ask


async def _post_event(_: Context, http: httpx.AsyncClient, folder: Path) -> httpx.Response:
    event = {"id": "e1", "type": "email.unsubscribed", "email": ANA}
    headers = {"Authorization": f"Bearer {(folder / 'key').read_text()}"}
    return await http.post("/v1/events", json={"events": [event]}, headers=headers)


def _sendgrid(kind: str, **more: object) -> Callable[[], tuple[bytes, dict[str, str]]]:
    return lambda: by_sendgrid(
        [{"event": kind, "sg_event_id": "s1", "email": ANA, "smtp-id": f"<{MESSAGE}>", **more}]
    )


def _mailgun(kind: str, **more: object) -> Callable[[], tuple[bytes, dict[str, str]]]:
    headers = {"headers": {"message-id": MESSAGE}}
    document = {"event": kind, "id": "m1", "recipient": ANA, "message": headers, **more}
    return lambda: by_mailgun(document)


def _postmark(kind: str, **more: object) -> Callable[[], tuple[bytes, dict[str, str]]]:
    document = {"RecordType": kind, "ID": 42, "Metadata": {"message-id": MESSAGE}, **more}
    return lambda: by_postmark(document)


def _ses(kind: str, part: Mapping[str, object]) -> Callable[[], tuple[bytes, dict[str, str]]]:
    mail = {"commonHeaders": {"messageId": MESSAGE}}
    return lambda: by_ses({"eventType": kind, "mail": mail, kind.lower(): part})


def _standard(type_: str, **data: object) -> Callable[[], tuple[bytes, dict[str, str]]]:
    return lambda: by_standard_webhooks({"type": type_, "message": MESSAGE, "data": data})


_BOUNCED_AT_SES = {
    "bounceType": "Permanent",
    "bouncedRecipients": [{"emailAddress": ANA, "status": "5.1.1"}],
}
_COMPLAINED_AT_SES = {"complainedRecipients": [{"emailAddress": ANA}]}
_FEEDBACK = delivery_report(
    "feedback-report", "Feedback-Type: abuse\nUser-Agent: Some/1\nVersion: 1"
)
_PERMANENT = {"severity": "permanent", "delivery-status": {"enhanced-code": "5.1.1"}}

DOORS = [
    SuppressingDoor("suppress", "unsubscribed", _command("suppress", ANA)),
    SuppressingDoor(
        "suppress-bounced", "bounced", _command("suppress", ANA, "--reason", "bounced")
    ),
    SuppressingDoor("import", "complained", _command("suppressions", "import", "LIST")),
    SuppressingDoor(
        "one-click",
        "unsubscribed",
        _request_over_http(
            lambda c, http, _: http.post(c.links.unsubscribe(MESSAGE, ANA), data=ONE_CLICK)
        ),
    ),
    SuppressingDoor(
        "preferences",
        "unsubscribed",
        _request_over_http(
            lambda c, http, _: http.post(c.links.preferences(MESSAGE), data={"wish": "stop"})
        ),
    ),
    SuppressingDoor("event", "unsubscribed", _request_over_http(_post_event)),
    SuppressingDoor(
        "mail-to-unsubscribe",
        "unsubscribed",
        _send_mail(
            lambda c: c.links.unsubscribe_mail(MESSAGE, ANA), reply_mail("unsubscribe", "no more")
        ),
    ),
    SuppressingDoor(
        "returned-mail",
        "bounced",
        _send_mail(lambda c: c.links.return_path(MESSAGE), bounce_report("failed", "5.1.1")),
    ),
    SuppressingDoor(
        "feedback-report",
        "complained",
        _send_mail(lambda c: c.links.return_path(MESSAGE), _FEEDBACK),
    ),
    SuppressingDoor(
        "sendgrid-unsubscribe",
        "unsubscribed",
        _report_of_provider("sendgrid", _sendgrid("unsubscribe")),
    ),
    SuppressingDoor(
        "sendgrid-bounce",
        "bounced",
        _report_of_provider("sendgrid", _sendgrid("bounce", status="5.1.1")),
    ),
    SuppressingDoor(
        "sendgrid-spam", "complained", _report_of_provider("sendgrid", _sendgrid("spamreport"))
    ),
    SuppressingDoor(
        "mailgun-unsubscribe",
        "unsubscribed",
        _report_of_provider("mailgun", _mailgun("unsubscribed")),
    ),
    SuppressingDoor(
        "mailgun-bounce",
        "bounced",
        _report_of_provider("mailgun", _mailgun("failed", **_PERMANENT)),
    ),
    SuppressingDoor(
        "mailgun-spam", "complained", _report_of_provider("mailgun", _mailgun("complained"))
    ),
    SuppressingDoor(
        "postmark-unsubscribe",
        "unsubscribed",
        _report_of_provider("postmark", _postmark("SubscriptionChange", SuppressSending=True)),
    ),
    SuppressingDoor(
        "postmark-bounce",
        "bounced",
        _report_of_provider("postmark", _postmark("Bounce", Type="HardBounce")),
    ),
    SuppressingDoor(
        "postmark-spam", "complained", _report_of_provider("postmark", _postmark("SpamComplaint"))
    ),
    SuppressingDoor(
        "standard-unsubscribe",
        "unsubscribed",
        _report_of_provider("standard", _standard("email.unsubscribed")),
    ),
    SuppressingDoor(
        "standard-bounce",
        "bounced",
        _report_of_provider("standard", _standard("email.bounced", kind="hard")),
    ),
    SuppressingDoor(
        "standard-spam",
        "complained",
        _report_of_provider("standard", _standard("email.complained")),
    ),
]
"""Amazon's reports are in `test_amazons_reports_suppress_at_once`: they need a certificate."""

AMAZONS = [
    ("bounced", _ses("Bounce", _BOUNCED_AT_SES)),
    ("complained", _ses("Complaint", _COMPLAINED_AT_SES)),
]

__all__ = ["AMAZONS", "ANA", "DOORS", "MESSAGE", "SuppressingDoor"]
