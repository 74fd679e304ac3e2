"""Webhooks of mail providers: each proves itself in its own way, and says the same things.

A message that proves itself is answered with 200 once all of it that is about our leads is
stored. A provider that is not set up has no route (404).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import httpx
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr

from gateway.config import ProviderSecrets
from gateway.providers import mailgun, postmark, sendgrid, ses, standard
from gateway.providers.normalised import NotProvenError, ProviderReport, accept
from gateway.requests.problems import ProblemError, responses
from models.json_text import read_json
from usecases.context import Context

_ANSWERS = responses(400, 401, 404, 413, 429, 503)


def _raw(example: Any) -> dict[str, Any]:
    """What a route's document says of a body that is read and verified byte by byte."""
    return {
        "requestBody": {
            "required": True,
            "description": "As the provider sends it; it is verified byte by byte.",
            "content": {
                "application/json": {"schema": {}, "examples": {"one": {"value": example}}}
            },
        }
    }


class AcceptedReports(BaseModel):
    """What was new in a message."""

    accepted: int = Field(examples=[1])


def router(context: Context, secrets: ProviderSecrets, fetch: ses.Fetch = ses.fetched) -> APIRouter:
    """One route a provider. `fetch` asks Amazon for certificates."""
    routes = APIRouter(prefix="/v1/providers", tags=["providers"])
    tokens = mailgun.Tokens()

    @routes.post("/sendgrid", responses=_ANSWERS, openapi_extra=_raw(sendgrid.EXAMPLE))
    async def reports_from_sendgrid(request: Request) -> AcceptedReports:
        """SendGrid's event webhook."""
        key, body = _set_up(secrets.sendgrid_public_key), await request.body()
        _proven(lambda: sendgrid.verify(key, request.headers, body))
        return await _accepted(context, "sendgrid", sendgrid.reports(_json(body)))

    @routes.post(
        "/mailgun", responses={**_ANSWERS, **responses(406)}, openapi_extra=_raw(mailgun.EXAMPLE)
    )
    async def reports_from_mailgun(request: Request) -> AcceptedReports:
        """Mailgun's webhooks."""
        key, document = _set_up(secrets.mailgun_signing_key), _json(await request.body())
        token = _proven(lambda: mailgun.verify(key, document))
        try:
            tokens.check(token)
        except mailgun.SpentTokenError:
            raise ProblemError(406, "this message was stored before") from None
        accepted = await _accepted(context, "mailgun", mailgun.reports(document))
        tokens.spend(token)
        return accepted

    @routes.post("/postmark", responses=_ANSWERS, openapi_extra=_raw(postmark.EXAMPLE))
    async def reports_from_postmark(request: Request) -> AcceptedReports:
        """Postmark's webhooks."""
        login, body = _set_up(secrets.postmark_login), await request.body()
        _proven(lambda: postmark.verify(login, request.headers))
        return await _accepted(context, "postmark", postmark.reports(_json(body)))

    @routes.post("/ses", responses=_ANSWERS, openapi_extra=_raw(ses.EXAMPLE))
    async def reports_from_ses(request: Request) -> AcceptedReports:
        """Amazon SES's events, by a topic of SNS."""
        document = _json(await request.body())
        topics = tuple(_set_up(one) for one in secrets.ses_topics) or _set_up(None)
        kind = await asyncio.to_thread(_proven, lambda: ses.verify(tuple(topics), document, fetch))
        if kind == "SubscriptionConfirmation":
            await asyncio.to_thread(_proven, lambda: ses.confirm(document, fetch))
            return AcceptedReports(accepted=0)
        if kind != "Notification":
            return AcceptedReports(accepted=0)
        identity, message = str(document.get("MessageId")), _json(str(document["Message"]).encode())
        return await _accepted(context, "ses", ses.reports(message, identity))

    @routes.post("/standard", responses=_ANSWERS, openapi_extra=_raw(standard.EXAMPLE))
    async def reports_by_standard_webhooks(request: Request) -> AcceptedReports:
        """Any provider that signs by Standard Webhooks."""
        secret, body = _set_up(secrets.webhook_secret), await request.body()
        identity = _proven(lambda: standard.verify(secret, request.headers, body))
        return await _accepted(context, "standard", standard.reports(_json(body), identity))

    return routes


def _set_up(secret: SecretStr | str | None) -> str:
    if not secret:
        raise ProblemError(404, "this provider is not set up here")
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret


def _proven(verify: Callable[[], Any]) -> Any:
    try:
        return verify()
    except NotProvenError as error:
        raise ProblemError(401, f"the message does not prove where it is from: {error}") from None
    except httpx.HTTPError:
        raise ProblemError(
            503, "Amazon's certificate can't be had now", headers={"Retry-After": "30"}
        ) from None


def _json(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        raise ProblemError(400, "the body is not JSON") from None


async def _accepted(
    context: Context, provider: str, reports: Iterable[ProviderReport]
) -> AcceptedReports:
    return AcceptedReports(accepted=await asyncio.to_thread(accept, context, provider, reports))
