"""Headers of answers: request ids, entity tags, compression, limits, kinds of problems."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import structlog

from adapters.sql.database import Database
from gateway.app import build_app
from gateway.requests.problems import CODES
from tests.fakes import FakeActs
from tests.gateway.gateway_context import CONFIG
from tests.gateway.sales_keys import TEAMS, apply_directory, header, store_lead_for_each_person
from usecases.context import Context


async def test_every_answer_has_a_request_id_and_is_neither_stored_nor_guessed(
    http: httpx.AsyncClient,
) -> None:
    for path in ("/health", "/v1/leads", "/nowhere", "/desk", "/u/x"):
        answer = await http.get(path)
        assert len(answer.headers["x-request-id"]) == 32, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["cache-control"] in ("no-store", "private, no-cache"), path


async def test_a_clients_own_request_id_is_kept_if_it_is_plain(http: httpx.AsyncClient) -> None:
    plain = await http.get("/health", headers={"X-Request-Id": "crm-4711"})
    assert plain.headers["x-request-id"] == "crm-4711"
    odd = await http.get("/health", headers={"X-Request-Id": "two\tparts"})
    assert len(odd.headers["x-request-id"]) == 32


class _ActsThatLook(FakeActs):
    """Remembers which request each act belongs to, as log lines would have it."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[object] = []

    async def leave(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        raise NotImplementedError

    async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        """Remember the request, and do the act."""
        self.requests.append(structlog.contextvars.get_contextvars().get("request"))
        await super().act(lead, do, fields)


async def test_log_lines_of_a_request_have_its_id(context: Context, database: Database) -> None:
    store_lead_for_each_person(database)
    acts = _ActsThatLook()
    app = build_app(context, acts, config=CONFIG)
    body = {"do": "note", "by": "riley@acme.example", "note": "x"}
    key = header(database, "admin")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://go.acme.example"
    ) as one:
        for number in ("crm-1", "crm-2"):
            await one.post("/v1/leads/ana/acts", json=body, headers={**key, "X-Request-Id": number})
    assert acts.requests == ["crm-1", "crm-2"]


async def test_a_client_that_has_the_answer_gets_304(
    http: httpx.AsyncClient, database: Database
) -> None:
    store_lead_for_each_person(database)
    key = header(database, "admin")
    first = await http.get("/v1/leads/ana", headers=key)
    tag = first.headers["etag"]
    again = await http.get("/v1/leads/ana", headers={**key, "If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await http.get("/v1/leads/ben", headers={**key, "If-None-Match": tag})
    assert other.status_code == 200
    missing = await http.get("/v1/leads/nobody", headers={**key, "If-None-Match": "*"})
    assert missing.status_code == 404


async def test_long_answers_are_compressed_for_those_who_can_read_it(
    http: httpx.AsyncClient, database: Database
) -> None:
    apply_directory(database, TEAMS)
    store_lead_for_each_person(database)
    key = header(database, "admin")
    async with http.stream("GET", "/v1/leads", headers=key) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    plain = await http.get("/v1/leads", headers={**key, "Accept-Encoding": "identity"})
    assert gzip.decompress(packed) == plain.content
    assert len(packed) * 3 < len(plain.content)


async def test_each_problem_has_a_code_and_its_type(
    http: httpx.AsyncClient, database: Database
) -> None:
    key = header(database, "admin")
    for answer in (
        await http.get("/v1/leads"),
        await http.get("/v1/leads/nobody", headers=key),
        await http.get("/v1/leads", params={"team": "x"}, headers=key),
        await http.put("/v1/leads", headers=key),
        await http.get("/nowhere"),
    ):
        document = answer.json()
        assert document["code"] == CODES[answer.status_code]
        assert document["type"] == f"urn:leadflow:problem:{document['code']}"
