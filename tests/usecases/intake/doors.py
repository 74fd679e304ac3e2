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
from gateway.requests.problems import explain
from gateway.server import listening
from lifecycle.nurture.suppression import SuppressionReason
from tests.gateway.provider_messages import (
    by_mailgun,
    by_postmark,
    by_sendgrid,
    by_ses,
    by_standard_webhooks,
    provider_secrets,
)
from tests.gateway.senders import MAIL
from tests.inbound.deliveries import answer, bounced, report, send
from usecases.context import Context

ANA = "ana@northwind.example"
MESSAGE = f"{MAIL}@acme.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass(frozen=True)
class Door:
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


def _posted(
    post: Callable[[Context, httpx.AsyncClient, Path], Awaitable[httpx.Response]],
) -> Callable[[Context, Path], Awaitable[None]]:
    async def ask(context: Context, folder: Path) -> None:
        transport = httpx.ASGITransport(_app(context), raise_app_exceptions=False)
        url = "https://go.acme.example"
        async with httpx.AsyncClient(transport=transport, base_url=url) as http:
            answered = await post(context, http, folder)
            assert answered.status_code in (200, 202, 503), answered.text

    return ask


def _from_provider(
    name: str, made: Callable[[], tuple[bytes, dict[str, str]]]
) -> Callable[[Context, Path], Awaitable[None]]:
    async def post(_: Context, http: httpx.AsyncClient, _folder: Path) -> httpx.Response:
        content, headers = made()
        return await http.post(f"/v1/providers/{name}", content=content, headers=headers)

    return _posted(post)


def _mailed(
    to: Callable[[Context], str], content: Any
) -> Callable[[Context, Path], Awaitable[None]]:
    async def ask(context: Context, _: Path) -> None:
        listener: socket.socket = listening("127.0.0.1", 0)
        async with receiving(context, listener):
            with suppress(SMTPException):  # asked to try again later
                await send(listener.getsockname()[1], "", to(context), content)

    return ask


async def _event(_: Context, http: httpx.AsyncClient, folder: Path) -> httpx.Response:
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
_FEEDBACK = report("feedback-report", "Feedback-Type: abuse\nUser-Agent: Some/1\nVersion: 1")
_PERMANENT = {"severity": "permanent", "delivery-status": {"enhanced-code": "5.1.1"}}

DOORS = [
    Door("suppress", "unsubscribed", _command("suppress", ANA)),
    Door("suppress-bounced", "bounced", _command("suppress", ANA, "--reason", "bounced")),
    Door("import", "complained", _command("suppressions", "import", "LIST")),
    Door(
        "one-click",
        "unsubscribed",
        _posted(lambda c, http, _: http.post(c.links.unsubscribe(MESSAGE), data=ONE_CLICK)),
    ),
    Door(
        "preferences",
        "unsubscribed",
        _posted(lambda c, http, _: http.post(c.links.preferences(MESSAGE), data={"wish": "stop"})),
    ),
    Door("event", "unsubscribed", _posted(_event)),
    Door(
        "mail-to-unsubscribe",
        "unsubscribed",
        _mailed(lambda c: c.links.unsubscribe_mail(MESSAGE), answer("unsubscribe", "no more")),
    ),
    Door(
        "returned-mail",
        "bounced",
        _mailed(lambda c: c.links.return_path(MESSAGE), bounced("failed", "5.1.1")),
    ),
    Door(
        "feedback-report", "complained", _mailed(lambda c: c.links.return_path(MESSAGE), _FEEDBACK)
    ),
    Door(
        "sendgrid-unsubscribe", "unsubscribed", _from_provider("sendgrid", _sendgrid("unsubscribe"))
    ),
    Door(
        "sendgrid-bounce",
        "bounced",
        _from_provider("sendgrid", _sendgrid("bounce", status="5.1.1")),
    ),
    Door("sendgrid-spam", "complained", _from_provider("sendgrid", _sendgrid("spamreport"))),
    Door(
        "mailgun-unsubscribe", "unsubscribed", _from_provider("mailgun", _mailgun("unsubscribed"))
    ),
    Door("mailgun-bounce", "bounced", _from_provider("mailgun", _mailgun("failed", **_PERMANENT))),
    Door("mailgun-spam", "complained", _from_provider("mailgun", _mailgun("complained"))),
    Door(
        "postmark-unsubscribe",
        "unsubscribed",
        _from_provider("postmark", _postmark("SubscriptionChange", SuppressSending=True)),
    ),
    Door(
        "postmark-bounce",
        "bounced",
        _from_provider("postmark", _postmark("Bounce", Type="HardBounce")),
    ),
    Door("postmark-spam", "complained", _from_provider("postmark", _postmark("SpamComplaint"))),
    Door(
        "standard-unsubscribe",
        "unsubscribed",
        _from_provider("standard", _standard("email.unsubscribed")),
    ),
    Door(
        "standard-bounce",
        "bounced",
        _from_provider("standard", _standard("email.bounced", kind="hard")),
    ),
    Door("standard-spam", "complained", _from_provider("standard", _standard("email.complained"))),
]
"""Amazon's are walked in `test_amazons_reports_suppress_at_once`: its certificate is asked for."""

AMAZONS = [
    ("bounced", _ses("Bounce", _BOUNCED_AT_SES)),
    ("complained", _ses("Complaint", _COMPLAINED_AT_SES)),
]

__all__ = ["AMAZONS", "ANA", "DOORS", "MESSAGE", "Door"]
