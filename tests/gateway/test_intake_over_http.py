"""Leads and events that other systems post: which are accepted, and which are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.new_item import NewItem
from lifecycle.stable_hash import lead_id
from tests.gateway.stored_rows import intake_bodies, store_lead
from usecases.context import Context

ANA = "ana@northwind.example"


async def test_a_new_lead_is_accepted_once_with_its_program(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    body = {"leads": [{"email": ANA, "employees": 900}]}
    first = await http.post("/v1/leads", json=body, headers=key)
    again = await http.post("/v1/leads", json=body, headers=key)
    assert first.status_code == 202, first.text
    accepted = {
        "index": 0,
        "status": "accepted",
        "lead": lead_id(ANA),
        "code": None,
        "why": None,
    }
    assert first.json() == {"results": [accepted]}
    assert again.json()["results"][0]["status"] == "duplicate"
    [item] = intake_bodies(database)
    assert item["program"] == "acme"
    assert item["profile"] == {"email": ANA, "employees": 900}


async def test_an_address_that_has_a_lead_updates_it(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    store_lead(database)
    answer = await http.post("/v1/leads", json={"leads": [{"email": ANA.upper()}]}, headers=key)
    assert answer.json()["results"][0]["lead"] == "ana"


async def test_an_address_with_an_international_domain_is_one_however_it_is_written(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    store_lead(database, email="zoe@b\u00fccher.example")
    for written in ("zoe@b\u00fccher.example", "Zoe@xn--bcher-kva.example"):
        leads = {"leads": [{"email": written, "title": written}]}
        answer = await http.post("/v1/leads", json=leads, headers=key)
        assert answer.json()["results"][0]["lead"] == "ana"
        events = {"events": [{"type": "page.viewed", "email": written, "subject": written}]}
        answer = await http.post("/v1/events", json=events, headers=key)
        assert answer.json()["results"][0]["lead"] == "ana"


async def test_a_consent_is_stored_with_its_source_and_its_words(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    consent = {"source": "trial form", "wording": "Yes, send me news."}
    await http.post("/v1/leads", json={"leads": [{"email": ANA, "consent": consent}]}, headers=key)
    lead, event = intake_bodies(database)
    assert lead["profile"] == {"email": ANA}
    assert event["type"] == "consent.given"
    assert event["data"] == consent


@pytest.mark.parametrize(
    "consent",
    [
        {},
        {"source": "form"},
        {"source": "form", "wording": " "},
        {"source": "form", "wording": 1},
        {"source": "form", "wording": "Yes.", "colour": "red"},
        {"source": "form", "wording": "x" * 1_001},
        ["form"],
        "perhaps",
    ],
)
async def test_a_consent_without_source_or_words_is_none(
    http: httpx.AsyncClient, key: dict[str, str], database: Database, consent: object
) -> None:
    leads = {"leads": [{"email": ANA, "consent": consent}]}
    answer = await http.post("/v1/leads", json=leads, headers=key)
    assert answer.status_code == 422, "every item was rejected"
    [fault] = answer.json()["errors"]
    assert fault["path"] == "body.leads[0]"
    assert "consent" in fault["problem"]
    assert intake_bodies(database) == []


async def test_bad_items_do_not_spoil_the_good_ones_beside_them(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    store_lead(database)
    events = [
        {"id": "1", "type": "page.viewed", "lead": "ana"},
        {"id": "2", "type": "nonsense", "lead": "ana"},
        {"id": "3", "type": "page.viewed"},
        {"id": "4", "type": "page.viewed", "lead": "nobody"},
        {"id": "5", "type": "page.viewed", "lead": "../etc"},
        {"id": "6", "type": "page.viewed", "email": ANA, "colour": "red"},
        {"id": "7", "type": "page.viewed", "email": ANA, "subject": "\u0000"},
        {"id": "8", "type": "page.viewed", "email": "new@northwind.example"},
        {"id": "9", "type": "page.viewed", "email": ANA},
        {"id": "10", "type": "page.viewed", "email": ANA, "data": {"text": "x" * 100_000}},
    ]
    answer = await http.post("/v1/events", json={"events": events}, headers=key)
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [
        "accepted",
        *["rejected"] * 7,
        "accepted",
        "rejected",
    ]
    assert all(one["why"] for one in results if one["status"] == "rejected")
    assert [one["id"] for one in intake_bodies(database)] == ["1", "9"]


async def test_the_same_event_is_accepted_once(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    store_lead(database)
    event = {"id": "1", "type": "page.viewed", "lead": "ana"}
    answer = await http.post("/v1/events", json={"events": [event, event]}, headers=key)
    assert [one["status"] for one in answer.json()["results"]] == ["accepted", "duplicate"]
    assert len(intake_bodies(database)) == 1


async def test_an_event_creates_an_unknown_lead_where_the_program_says_so(
    http: httpx.AsyncClient, key: dict[str, str], context: Context
) -> None:
    program = context.programs.newest("acme")
    assert program is not None
    intake = program.intake.model_copy(update={"create": True})
    context.programs.publish(program.model_copy(update={"intake": intake, "program": "open"}))
    event = {"id": "1", "type": "form.submitted", "email": ANA, "program": "open"}
    answer = await http.post("/v1/events", json={"events": [event]}, headers=key)
    assert answer.json()["results"][0]["status"] == "accepted"
    assert [one["kind"] for one in intake_bodies(context.database)] == ["lead", "event"]


@pytest.mark.parametrize("path", ["/v1/leads", "/v1/events"])
async def test_nobody_posts_without_a_key_with_a_wrong_one_or_for_another_scope(
    http: httpx.AsyncClient, path: str, database: Database
) -> None:
    other = {"/v1/leads": "events:write", "/v1/events": "leads:write"}[path]
    keys = SqlApiKeys(database)
    wrong_scope, revoked = keys.make("other", [other]), keys.make("old", [other])
    assert keys.revoke(revoked.split("_")[1])
    body: dict[str, list[object]] = {path.rsplit("/", 1)[1]: [{}]}
    for given, status in (
        (None, 401),
        ("Bearer lf_0_0", 401),
        (f"Bearer {revoked}", 401),
        (f"Bearer {wrong_scope}x", 401),
        (f"Bearer {wrong_scope}", 403),
    ):
        headers = {"Authorization": given} if given else {}
        answer = await http.post(path, json=body, headers=headers)
        assert answer.status_code == status, given
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert intake_bodies(database) == []


async def test_a_key_is_never_stored(database: Database) -> None:
    made = SqlApiKeys(database).make("crm", ["leads:write"])
    assert database.file is not None
    with database.write():
        pass
    kept = b"".join(path.read_bytes() for path in database.file.parent.glob("leadflow.db*"))
    assert made.split("_", 2)[2].encode() not in kept


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b'{"events": []}', 422),
        (b'{"events": "many"}', 422),
        (b'{"events": [{}], "event": {}}', 422),
        (b"[" * 200_000, 400),
        (b'{"events": [' + b'{"a": 1},' * 1_001 + b"{}]}", 422),
        (b" " * 1_000_001, 413),
    ],
)
async def test_a_body_that_is_not_a_batch_is_refused_with_a_reason(
    http: httpx.AsyncClient, key: dict[str, str], content: bytes, status: int
) -> None:
    headers = {**key, "Content-Type": "application/json"}
    answer = await http.post("/v1/events", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/v1/events", "/v1/providers/standard", "/u/0-0-0", "/p/0-0-0", "/w"],
)
async def test_a_body_that_hides_its_length_is_cut_off(
    http: httpx.AsyncClient, key: dict[str, str], database: Database, path: str
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 100_000

    kind = "application/json" if path.startswith("/v1") else "application/x-www-form-urlencoded"
    headers = {**key, "Content-Type": kind, "Origin": "https://www.acme.example"}
    answer = await http.post(path, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert intake_bodies(database) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
async def test_a_number_that_json_lacks_is_refused_and_spoils_nothing(
    http: httpx.AsyncClient, key: dict[str, str], database: Database, number: str
) -> None:
    store_lead(database)
    body = (
        '{"events": [{"id": "1", "type": "page.viewed", "lead": "ana", "data": {"n": %s}},'
        ' {"id": "2", "type": "page.viewed", "lead": "ana"}]}'
    )
    headers = {**key, "Content-Type": "application/json"}
    answer = await http.post("/v1/events", content=body % number, headers=headers)
    assert [one["status"] for one in answer.json()["results"]] == ["rejected", "accepted"]
    assert [one["id"] for one in intake_bodies(database)] == ["2"]


async def test_a_batch_of_a_thousand_items_has_one_result_for_each(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    leads = [{"email": f"lead{number}@northwind.example"} for number in range(1_000)]
    answer = await http.post("/v1/leads", json={"leads": leads}, headers=key)
    assert [one["status"] for one in answer.json()["results"]] == ["accepted"] * 1_000
    events = [{**one, "type": "page.viewed"} for one in leads]
    answer = await http.post("/v1/events", json={"events": events}, headers=key)
    assert [one["status"] for one in answer.json()["results"]] == ["accepted"] * 1_000
    assert len(intake_bodies(database)) == 2_000


async def test_an_item_that_waits_for_five_minutes_makes_the_gateway_unready(
    http: httpx.AsyncClient, context: Context
) -> None:
    body = {"id": "1", "type": "page.viewed"}
    arrived = context.now() - timedelta(minutes=6)
    context.intake.accept([NewItem(lead="ana", item="1", kind="event", body=body, arrived=arrived)])
    [item] = context.intake.take(10, timedelta(minutes=2))
    context.intake.again([item.seq], "nobody answers", timedelta(minutes=1))
    answer = await http.get("/ready")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1 items wait" in answer.json()["detail"]
    context.intake.done([item.seq])
    assert (await http.get("/ready")).status_code == 200


async def test_health_and_readiness_answer(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health")).json() == {"status": "alive"}
    assert (await http.get("/ready")).json() == {"status": "ready", "waiting": 0}
    assert (await http.get("/nowhere")).json()["status"] == 404
    assert (await http.delete("/health")).status_code == 405
