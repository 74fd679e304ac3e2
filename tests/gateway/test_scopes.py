"""What a key may send: each scope opens its own events, and no key lifts an unsubscription."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from models.program.program import Program
from tests.gateway.provider_messages import by_standard_webhooks
from tests.gateway.stored_rows import intake_bodies, store_lead

ANA = "ana@northwind.example"
KINDS = {
    "email.bounced": "mail:write",
    "email.complained": "mail:write",
    "email.unsubscribed": "mail:write",
    "email.reinstated": "mail:write",
    "consent.given": "consents:write",
    "consent.confirmed": "consents:write",
    "profile.updated": "profiles:write",
    "page.viewed": "events:write",
    "content.downloaded": "events:write",
}


def key_header(database: Database, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SqlApiKeys(database).make('tests', list(scopes))}"}


async def post_event(http: httpx.AsyncClient, key: dict[str, str], kind: str) -> Any:
    body = {"events": [{"type": kind, "lead": "ana", "data": {}}]}
    answer = await http.post("/v1/events", json=body, headers=key)
    assert answer.status_code == 202, answer.text
    return answer.json()["results"][0]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_event_needs_the_scope_of_its_family(
    http: httpx.AsyncClient, database: Database, kind: str
) -> None:
    store_lead(database)
    others = sorted({*KINDS.values()} - {KINDS[kind]})
    refused = await post_event(http, key_header(database, *others), kind)
    assert refused["status"] == "rejected"
    assert KINDS[kind] in refused["why"]
    accepted = await post_event(http, key_header(database, KINDS[kind]), kind)
    assert accepted["status"] == "accepted"


async def test_no_key_lifts_an_unsubscription(http: httpx.AsyncClient, database: Database) -> None:
    store_lead(database)
    refused = await post_event(
        http, key_header(database, *set(KINDS.values())), "email.resubscribed"
    )
    assert refused["status"] == "rejected"
    assert "leadflow unsuppress" in refused["why"]


async def test_a_website_moves_no_lead_to_another_address(
    http: httpx.AsyncClient, database: Database
) -> None:
    store_lead(database)
    moved = {"leads": [{"id": "ana", "email": "somebody@else.example"}]}
    website = key_header(database, "leads:write", "events:write")
    answer = await http.post("/v1/leads", json=moved, headers=website)
    assert answer.status_code == 422
    assert "profiles:write" in answer.json()["errors"][0]["problem"]
    crm = key_header(database, "leads:write", "profiles:write")
    assert (await http.post("/v1/leads", json=moved, headers=crm)).status_code == 202


async def test_leads_without_a_program_are_refused_at_once_when_there_are_two(
    http: httpx.AsyncClient, database: Database
) -> None:
    programs = SqlPrograms(database)
    one = programs.newest(programs.names()[0])
    assert one is not None
    other = json.loads(one.canonical_json) | {"program": "second"}
    programs.publish(Program.model_validate(other))
    body = {"leads": [{"email": ANA}]}
    answer = await http.post("/v1/leads", json=body, headers=key_header(database, "leads:write"))
    assert answer.status_code == 422
    assert "LEADFLOW_DEFAULT_PROGRAM" in answer.json()["detail"]


async def test_a_provider_of_mail_decides_neither_consent_nor_profile_nor_subscription(
    http: httpx.AsyncClient, database: Database
) -> None:
    store_lead(database)
    kinds = ("profile.updated", "consent.given", "email.resubscribed", "email.reinstated")
    deep = "[" * 2_000 + "]" * 2_000
    reported = [{"type": kind, "email": ANA, "data": {"email": "eve@x.example"}} for kind in kinds]
    text = json.dumps([*reported, {"type": "email.complained", "email": ANA}])
    body, headers = by_standard_webhooks(f"[{deep}, {text[1:]}".encode())
    answer = await http.post("/v1/providers/standard", content=body, headers=headers)
    assert answer.json() == {"accepted": 1}
    assert [one["type"] for one in intake_bodies(database)] == ["email.complained"]
