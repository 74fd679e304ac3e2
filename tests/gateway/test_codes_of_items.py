"""Each item of a batch has its place in the answer, and a rejected one a code."""

from __future__ import annotations

import httpx

from adapters.sql.database import Database
from tests.gateway.stored_rows import store_lead

ANA = "ana@northwind.example"


async def test_each_item_of_an_answer_has_its_place_and_a_rejected_one_its_code(
    http: httpx.AsyncClient, key: dict[str, str], database: Database
) -> None:
    store_lead(database)
    store_lead(database, "bo", email="bo@northwind.example")
    viewed = {"type": "page.viewed"}
    events = [
        {**viewed, "lead": "nobody"},
        {**viewed, "lead": "ana"},
        {**viewed, "lead": "ana", "type": "email.bounced"},
        {**viewed, "lead": "bo", "email": ANA},
        {**viewed, "lead": "ana", "type": "nonsense"},
    ]
    answer = await http.post("/v1/events", json={"events": events}, headers=key)
    found = [(one["index"], one["status"], one["code"]) for one in answer.json()["results"]]
    assert found == [
        (0, "rejected", "unknown_lead"),
        (1, "accepted", None),
        (2, "rejected", "not_allowed"),
        (3, "rejected", "two_leads"),
        (4, "rejected", "invalid"),
    ]
    leads = [{"email": "nobody"}, {"id": "ana", "email": "ana@new.example"}]
    answer = await http.post("/v1/leads", json={"leads": leads}, headers=key)
    assert answer.status_code == 422
    errors = [(one["index"], one["code"]) for one in answer.json()["errors"]]
    assert errors == [(0, "invalid"), (1, "not_allowed")]
