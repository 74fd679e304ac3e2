"""Webhooks of mail providers: a message counts if its signature proves the provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from adapters.sql.database import Database
from gateway import providers
from gateway.config import ProviderSecrets
from gateway.requests.problems import explain
from tests.gateway.provider_messages import (
    PEM_URL,
    by_mailgun,
    by_postmark,
    by_sendgrid,
    by_ses,
    by_standard_webhooks,
    certificate,
    provider_secrets,
)
from tests.gateway.stored_rows import MAIL, intake_bodies, store_lead, store_sent_mail
from usecases.context import Context

MESSAGE = f"{MAIL}@acme.example"
ADDRESS = "ana@northwind.example"


@pytest.fixture
def fetched_urls() -> list[str]:
    """The URLs that were fetched from Amazon."""
    return []


@pytest.fixture
async def http(
    context: Context, database: Database, fetched_urls: list[str]
) -> AsyncIterator[httpx.AsyncClient]:
    store_lead(database)
    store_sent_mail(database)
    pem = certificate()

    def fetch(url: str) -> bytes:
        fetched_urls.append(url)
        return pem

    app = FastAPI()
    explain(app)
    app.include_router(providers.router(context, provider_secrets(), fetch))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as one:
        yield one


_SES_MAIL = {"commonHeaders": {"messageId": f"<{MESSAGE}>"}}
Make = Callable[[], tuple[bytes, dict[str, str]]]
"""Signed when it is sent: a test may run long after it was collected."""

GOOD: list[tuple[str, Make, str, dict[str, Any]]] = [
    (
        "sendgrid",
        lambda: by_sendgrid(
            [
                {
                    "event": "bounce",
                    "type": "bounce",
                    "sg_event_id": "s1",
                    "smtp-id": f"<{MESSAGE}>",
                    "email": ADDRESS,
                    "status": "5.1.1",
                    "reason": f"550 <{ADDRESS}> unknown",
                }
            ]
        ),
        "email.bounced",
        {"kind": "hard", "status": "5.1.1", "diagnostic": "550 … unknown"},
    ),
    (
        "mailgun",
        lambda: by_mailgun(
            {
                "event": "failed",
                "id": "g1",
                "severity": "temporary",
                "recipient": ADDRESS,
                "message": {"headers": {"message-id": MESSAGE}},
                "delivery-status": {"enhanced-code": "4.2.2", "message": "full"},
            }
        ),
        "email.bounced",
        {"kind": "soft", "status": "4.2.2", "diagnostic": "full"},
    ),
    (
        "postmark",
        lambda: by_postmark(
            {
                "RecordType": "SpamComplaint",
                "ID": 42,
                "Email": ADDRESS,
                "Metadata": {"message-id": MESSAGE},
            }
        ),
        "email.complained",
        {},
    ),
    (
        "ses",
        lambda: by_ses(
            {
                "eventType": "Bounce",
                "mail": _SES_MAIL,
                "bounce": {
                    "bounceType": "Permanent",
                    "bouncedRecipients": [{"emailAddress": ADDRESS, "status": "5.1.1"}],
                },
            }
        ),
        "email.bounced",
        {"kind": "hard", "status": "5.1.1"},
    ),
    (
        "ses",
        lambda: by_ses(
            {"eventType": "Click", "mail": _SES_MAIL, "click": {"link": "https://a.example"}},
            version="1",
        ),
        "email.clicked",
        {"url": "https://a.example"},
    ),
    (
        "standard",
        lambda: by_standard_webhooks({"type": "email.opened", "message": MESSAGE, "machine": True}),
        "email.opened",
        {},
    ),
]


@pytest.mark.parametrize(("provider", "sent", "kind", "data"), GOOD)
async def test_a_signed_provider_message_becomes_an_event_of_its_mail(
    http: httpx.AsyncClient,
    database: Database,
    *,
    provider: str,
    sent: Make,
    kind: str,
    data: dict[str, Any],
) -> None:
    body, headers = sent()
    answer = await http.post(f"/v1/providers/{provider}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"accepted": 1}
    [event] = intake_bodies(database)
    assert (event["lead"], event["type"], event["subject"]) == ("ana", kind, "welcome")
    assert event["data"] == {**data, "message": MESSAGE}


@pytest.mark.parametrize(("provider", "sent"), [(one[0], one[1]) for one in GOOD])
async def test_a_changed_message_is_refused_and_records_nothing(
    http: httpx.AsyncClient,
    database: Database,
    provider: str,
    sent: Make,
) -> None:
    body, headers = sent()
    if provider == "postmark":
        headers = {"Authorization": "Basic cG9zdDptYXJr0"}
    elif provider == "mailgun":
        body = body.replace(b'"token": "t1"', b'"token": "t2"')
    else:
        body = body.replace(b"email", b"Email").replace(b"link", b"Link")
    answer = await http.post(f"/v1/providers/{provider}", content=body, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert intake_bodies(database) == []


@pytest.mark.parametrize(
    ("provider", "sent"),
    [
        ("sendgrid", lambda: by_sendgrid([], ago=100_000)),
        ("sendgrid", lambda: by_sendgrid([], ago=-400)),
        ("mailgun", lambda: by_mailgun({}, ago=40_000)),
        ("ses", lambda: by_ses({}, ago=4_000)),
        ("standard", lambda: by_standard_webhooks({}, ago=400)),
        ("sendgrid", lambda: (b"[]", {})),
        ("mailgun", lambda: (b"{}", {})),
        ("postmark", lambda: (b"{}", {})),
        ("ses", lambda: (b"{}", {})),
        ("ses", lambda: (b"[]", {})),
        ("standard", lambda: (b"{}", {})),
        ("ses", lambda: by_ses({}, TopicArn="arn:aws:sns:eu-west-1:666666666666:evil")),
        (
            "ses",
            lambda: by_ses(
                {}, SigningCertURL="https://sns.eu-west-1.amazonaws.com.evil.example/x.pem"
            ),
        ),
        ("ses", lambda: by_ses({}, SigningCertURL="https://evil.example/sns.amazonaws.com/x.pem")),
    ],
)
async def test_an_old_or_unsigned_message_is_refused(
    http: httpx.AsyncClient, provider: str, sent: Make
) -> None:
    body, headers = sent()
    answer = await http.post(f"/v1/providers/{provider}", content=body, headers=headers)
    assert answer.status_code == 401


async def test_a_repeated_message_has_no_second_effect(
    http: httpx.AsyncClient, database: Database
) -> None:
    body, headers = GOOD[0][1]()
    for count in (1, 0):
        answer = await http.post("/v1/providers/sendgrid", content=body, headers=headers)
        assert answer.json() == {"accepted": count}
    assert len(intake_bodies(database)) == 1


async def test_a_mailgun_token_is_accepted_once(http: httpx.AsyncClient) -> None:
    body, _ = GOOD[1][1]()
    assert (await http.post("/v1/providers/mailgun", content=body)).status_code == 200
    assert (await http.post("/v1/providers/mailgun", content=body)).status_code == 406


async def test_a_subscription_is_confirmed_at_amazon_and_nowhere_else(
    http: httpx.AsyncClient, fetched_urls: list[str]
) -> None:
    good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    for url, status in ((good, 200), ("https://evil.example/", 401)):
        body, _ = by_ses({}, Type="SubscriptionConfirmation", SubscribeURL=url, Token="t")  # noqa: S106 - no secret
        assert (await http.post("/v1/providers/ses", content=body)).status_code == status
    assert fetched_urls == [PEM_URL, good, PEM_URL]


async def test_a_message_about_an_unknown_recipient_is_ignored(
    http: httpx.AsyncClient, database: Database
) -> None:
    body, headers = by_standard_webhooks({"type": "email.opened", "email": "nobody@x.example"})
    answer = await http.post("/v1/providers/standard", content=body, headers=headers)
    assert answer.json() == {"accepted": 0}
    assert intake_bodies(database) == []


async def test_the_recipient_finds_the_lead_when_the_mail_is_unknown(
    http: httpx.AsyncClient, database: Database
) -> None:
    body, headers = by_standard_webhooks(
        [{"type": "email.complained", "email": ADDRESS.upper()}, 7]
    )
    await http.post("/v1/providers/standard", content=body, headers=headers)
    assert [(one["lead"], one["subject"]) for one in intake_bodies(database)] == [("ana", "")]


async def test_a_bounce_of_a_former_address_of_the_lead_is_ignored(
    http: httpx.AsyncClient, database: Database
) -> None:
    store_lead(database, email="ana@new.example")
    reported = [{"type": kind, "message": f"{MAIL}@acme.example"} for kind in _BOUNCED_AND_NOT]
    body, headers = by_standard_webhooks(reported)
    await http.post("/v1/providers/standard", content=body, headers=headers)
    assert [one["type"] for one in intake_bodies(database)] == ["email.complained"]


_BOUNCED_AND_NOT = ("email.bounced", "email.complained")


async def test_a_recipient_is_known_by_the_ascii_form_of_its_domain(
    http: httpx.AsyncClient, database: Database
) -> None:
    store_lead(database, "zoe", email="zoe@b\u00fccher.example")
    reported = [{"type": "email.complained", "email": "zoe@xn--bcher-kva.example"}]
    body, headers = by_standard_webhooks(reported)
    await http.post("/v1/providers/standard", content=body, headers=headers)
    assert [one["lead"] for one in intake_bodies(database)] == ["zoe"]


async def test_a_provider_that_is_not_configured_has_no_route(
    context: Context, database: Database
) -> None:
    app = FastAPI()
    explain(app)
    app.include_router(providers.router(context, ProviderSecrets()))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://x.example") as http:
        for name in ("sendgrid", "mailgun", "postmark", "ses", "standard"):
            answer = await http.post(f"/v1/providers/{name}", content=b"{}")
            assert answer.status_code == 404
    assert intake_bodies(database) == []
