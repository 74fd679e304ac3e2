"""Acts from the CRM: `POST /v1/crm/acts`, signed as Standard Webhooks.

The CRM says who acts (`by`), and the rules say whether that person may. The id of the webhook is
the id of the act, so a repeated delivery has no second effect.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from adapters.sql.request_keys import Different, SqlRequestKeys
from gateway.api.act_problems import act_problem
from gateway.api.idempotency import begun, conflict, hashed
from gateway.requests.problems import ProblemError, responses
from lifecycle.program.new_lead import read_lead_id
from lifecycle.program.profile import read_address
from models.inputs import ACTS
from models.instants import write_instant
from models.json_text import read_json
from usecases.acting import (
    ActDone,
    perform,
)
from usecases.context import Acts, Context
from usecases.intake import known_lead
from usecases.viewer import ADMIN

_ID_KEPT = timedelta(days=30)
"""How long the id of a delivery names its message. No sender delivers again for so long."""

_ANSWERS = responses(400, 401, 404, 409, 413, 422, 503)

_EXAMPLES = {
    "accept": {
        "summary": "Sales takes the lead",
        "value": {"lead": "ana", "do": "accept", "by": "riley@acme.example"},
    },
    "opportunity": {
        "summary": "A deal is opened, the lead named by its address",
        "value": {
            "email": "ana@northwind.example",
            "do": "open_opportunity",
            "by": "alex@acme.example",
            "amount": 24000,
            "currency": "USD",
        },
    },
    "cloudevent": {
        "summary": "The same as a CloudEvent",
        "value": {
            "specversion": "1.0",
            "id": "crm-4711",
            "source": "https://crm.acme.example",
            "type": "lead.recycle",
            "subject": "ana",
            "data": {"by": "riley@acme.example", "reason": "timing"},
        },
    },
}
_SIGNED: dict[str, Any] = {
    "parameters": [
        {
            "name": f"webhook-{name}",
            "in": "header",
            "required": True,
            "description": what,
            "schema": {"type": "string"},
        }
        for name, what in (
            ("id", "The act's id. It stays the same when the act is delivered again"),
            ("timestamp", "When it was sent, in seconds since 1970; at most 5 minutes off"),
            ("signature", "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64"),
        )
    ],
    "requestBody": {
        "required": True,
        "description": "The signature covers every byte of the body.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/CrmAct"},
                "examples": {name: _EXAMPLES[name] for name in ("accept", "opportunity")},
            },
            "application/cloudevents+json": {
                "schema": {"$ref": "#/components/schemas/CrmActEvent"},
                "examples": {"cloudevent": _EXAMPLES["cloudevent"]},
            },
        },
    },
}


class CrmActAnswer(BaseModel):
    """The act is done, now or at an earlier delivery."""

    lead: Annotated[str, Field(examples=["ana"])]
    do: Annotated[str, Field(examples=["accept"])]


def router(context: Context, acts: Acts, secrets: Sequence[SecretStr]) -> APIRouter:
    """The route. Without a shared secret it answers 404."""
    routes = APIRouter(prefix="/v1/crm", tags=["crm"])
    requests = SqlRequestKeys(context.database)

    @routes.post("/acts", responses=_ANSWERS, openapi_extra=_SIGNED)
    async def act_from_crm(request: Request) -> CrmActAnswer:
        """Act on a lead in the name of a sales person. The answer comes when the act is done."""
        if not secrets:
            raise ProblemError(404, "no CRM is set up here")
        body = await request.body()
        webhook_id = _verified_id(secrets, request.headers, body)
        request_fields = _flat(_json(body))
        if "id" in request_fields:
            raise ProblemError(422, "id: leave it out; the header webhook-id is the act's id")
        key = await asyncio.to_thread(_begin, requests, webhook_id, request_fields)
        return await begun(requests, key, act(webhook_id, request_fields))

    async def act(webhook_id: str, request_fields: Mapping[str, Any]) -> CrmActAnswer:
        lead = await asyncio.to_thread(_lead, context, request_fields)
        do = request_fields.get("do")
        named = {
            name: request_fields[name]
            for name in request_fields
            if name not in ("lead", "email", "do")
        }
        fields = {**named, "id": _act_id(webhook_id)}
        outcome = await perform(
            context.reports,
            acts,
            context.arrivals,
            ADMIN.through("crm"),
            lead=lead,
            do=do,
            fields=fields,
            now=context.now(),
        )
        if not isinstance(outcome, ActDone):
            again = "; send it again with the same webhook-id: it will be done once"
            raise act_problem(outcome, again=again, retry_seconds=10)
        return CrmActAnswer(lead=lead, do=str(do))

    return routes


def _begin(requests: SqlRequestKeys, webhook_id: str, fields: Mapping[str, Any]) -> str:
    """The key of this delivery. Raises ProblemError if its id is that of another message.

    The same message may be under way twice: its act has one id, so the lead does it once.
    """
    key = hashed("crm", webhook_id)
    do = fields.get("do")
    what = f"the act {do}" if do in ACTS else "another message"
    said = hashed(json.dumps(fields, sort_keys=True))
    found = requests.begin(key, said, what, lease=timedelta(0), kept=_ID_KEPT)
    if isinstance(found, Different):
        raise conflict("webhook-id", found)
    return key


def _verified_id(secrets: Sequence[SecretStr], headers: Mapping[str, str], body: bytes) -> str:
    """The webhook's id, if one of the secrets signed it. Raises ProblemError."""
    message = ""
    for secret in secrets:
        try:
            Webhook(secret.get_secret_value()).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:
            message = str(error)
        else:
            return headers["webhook-id"]
    raise ProblemError(401, f"the message does not prove where it is from: {_readable(message)}")


def _readable(message: str) -> str:
    if "timestamp too" not in message:
        return message
    now = int(datetime.now(UTC).timestamp())
    return (
        f"its webhook-timestamp is more than five minutes off; here it is {now}"
        f" ({write_instant(datetime.fromtimestamp(now, UTC))}). Set both clocks by a time server,"
        " and sign each try again"
    )


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        document = read_json(body)
    except ValueError:
        raise ProblemError(400, "the body is not JSON") from None
    if not isinstance(document, Mapping):
        raise ProblemError(422, "an act is one JSON object with lead, do and by")
    return document


def _flat(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The act as one mapping, from plain JSON or from a CloudEvent."""
    if "specversion" not in document:
        return document
    kind, data = document.get("type"), document.get("data")
    if document["specversion"] != "1.0" or not isinstance(kind, str):
        raise ProblemError(422, "a CloudEvent has specversion 1.0 and a type like lead.accept")
    if not isinstance(data, Mapping):
        raise ProblemError(
            422, "data: must hold the act's fields, at least by, the address of the person who acts"
        )
    known = {"do": kind.removeprefix("lead.")}
    if "subject" in document:
        known["lead"] = document["subject"]
    return {**known, **data}


def _lead(context: Context, request_fields: Mapping[str, Any]) -> str:
    """The lead that is meant: the CRM names it by an id, by its address, or by both."""
    address = given = ""
    if "lead" in request_fields:
        try:
            given = read_lead_id(request_fields["lead"])
        except ValueError:
            message = "lead: up to 100 letters, digits and any of _ . @ + -"
            raise ProblemError(422, message) from None
    if "email" in request_fields:
        try:
            address = read_address(request_fields["email"])
        except ValueError:
            raise ProblemError(422, "email: write an address like ana@northwind.example") from None
    if not address and not given:
        raise ProblemError(
            422, "name the lead by lead, one of its ids, by email, its address, or by both"
        )
    try:
        lead = known_lead(context.intake_now(), address, given)
    except ValueError as error:
        raise ProblemError(422, str(error)) from None
    if lead is None:
        named = "with this address" if address else f"'{given}'"
        raise ProblemError(404, f"there is no lead {named}")
    return lead


def _act_id(webhook_id: str) -> str:
    return f"crm/{hashlib.sha256(webhook_id.encode()).hexdigest()[:32]}"
