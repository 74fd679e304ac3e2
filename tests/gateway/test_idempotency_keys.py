"""`Idempotency-Key`: a request under a key is done once, whatever happens to its answer."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.temporal.client import TemporalUnavailableError
from models.refusal import RefusedError
from models.tables.access import KeyedRequest
from models.tables.columns import table_of
from tests.fakes import FakeActs
from tests.gateway.sales_keys import (
    RILEY,
    TEAMS,
    Header,
    apply_directory,
    header,
    store_lead_for_each_person,
)
from tests.gateway.stored_rows import intake_bodies, store_lead

_K = table_of(KeyedRequest)
VIEWED = {"type": "page.viewed", "lead": "ana"}
TOUCH = {"do": "touch", "channel": "call"}
ACT = "/v1/leads/ana/acts"


def under(headers: Header, key: str = "k-1") -> Header:
    return {**headers, "Idempotency-Key": key}


@pytest.fixture
def riley(database: Database) -> Header:
    apply_directory(database, TEAMS)
    store_lead_for_each_person(database)
    return header(database, "sales", RILEY)


@pytest.fixture
def admin(database: Database) -> Header:
    store_lead(database)
    return header(database, "admin")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/events", {"events": [VIEWED, VIEWED]}),
        ("/v1/leads", {"leads": [{"email": "bo@northwind.example"}]}),
        ("/v1/programs/acme/pause", None),
    ],
)
async def test_the_same_request_gets_the_same_answer_and_has_one_effect(
    http: httpx.AsyncClient, admin: Header, database: Database, path: str, body: Any
) -> None:
    first = await http.post(path, json=body, headers=under(admin))
    stored = intake_bodies(database)
    again = await http.post(path, json=body, headers=under(admin))
    assert first.is_success, first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert intake_bodies(database) == stored


async def test_another_request_under_the_key_is_answered_with_both(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    await http.post("/v1/events", json={"events": [VIEWED]}, headers=under(admin))
    others = [
        ("/v1/events", {"events": [{**VIEWED, "subject": "/"}]}),
        ("/v1/leads", {"leads": []}),
    ]
    for path, body in others:
        answer = await http.post(path, json=body, headers=under(admin))
        assert (answer.status_code, answer.json()["code"]) == (409, "key_used")
        assert "came with POST /v1/events at " in answer.json()["detail"]
    assert len(intake_bodies(database)) == 1
    other_caller = header(database, "admin")
    answer = await http.post("/v1/leads", json=others[1][1], headers=under(other_caller))
    assert answer.status_code == 422  # another API key has keys of its own


async def test_an_act_under_a_key_is_done_once_and_answered_alike(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs
) -> None:
    first = await http.post(ACT, json=TOUCH, headers=under(riley))
    again = await http.post(ACT, json=TOUCH, headers=under(riley))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(acts.done) == 1


async def test_a_refused_request_leaves_its_key_free(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs
) -> None:
    acts.failures = [RefusedError("Qualify is for a lead in stage sal.", why="stage")]
    refused = await http.post(ACT, json={"do": "qualify"}, headers=under(riley))
    assert refused.status_code == 409
    malformed = await http.post(ACT, json={"do": "marry"}, headers=under(riley))
    assert malformed.status_code == 422
    assert (await http.post(ACT, json=TOUCH, headers=under(riley))).status_code == 200


async def test_an_act_without_an_answer_may_be_asked_again_and_no_other_under_its_key(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs
) -> None:
    acts.failures = [TemporalUnavailableError("no worker answered")]
    assert (await http.post(ACT, json=TOUCH, headers=under(riley))).status_code == 503
    other = await http.post(ACT, json={"do": "accept"}, headers=under(riley))
    assert (other.status_code, other.json()["code"]) == (409, "key_used")
    assert (await http.post(ACT, json=TOUCH, headers=under(riley))).status_code == 200
    (_, _, left), (_, _, done) = acts.left[0], acts.done[0]
    assert left["id"] == done["id"]  # so the lead does it once


async def test_events_whose_answer_was_lost_with_the_process_are_not_stored_twice(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    body = {"events": [VIEWED, VIEWED]}
    await http.post("/v1/events", json=body, headers=under(admin))
    stored = intake_bodies(database)
    assert len(stored) == 2
    lost = sa.update(_K).values(status=None, answer=None, busy=_K.c.at)
    with database.write() as connection:
        connection.execute(lost)
    again = await http.post("/v1/events", json=body, headers=under(admin))
    assert [one["status"] for one in again.json()["results"]] == ["duplicate", "duplicate"]
    assert intake_bodies(database) == stored


async def test_of_the_same_request_at_one_instant_one_is_done(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs
) -> None:
    posts = [http.post(ACT, json=TOUCH, headers=under(riley)) for _ in range(5)]
    answers = await asyncio.gather(*posts)
    assert len(acts.done) == 1
    assert {one.status_code for one in answers} <= {200, 409}
    waiting = [one for one in answers if one.status_code == 409]
    assert all(one.json()["code"] == "in_progress" for one in waiting)
    assert all(one.headers["retry-after"] == "1" for one in waiting)


async def test_a_revoked_key_gets_no_stored_answer(
    http: httpx.AsyncClient, database: Database
) -> None:
    keys = SqlApiKeys(database)
    made = keys.make("tests", ["leads:write"])
    headers = under({"Authorization": f"Bearer {made}"})
    body = {"leads": [{"email": "bo@northwind.example"}]}
    assert (await http.post("/v1/leads", json=body, headers=headers)).status_code == 202
    keys.revoke(keys.all()[0].id)
    assert (await http.post("/v1/leads", json=body, headers=headers)).status_code == 401


async def test_a_key_is_forgotten_after_a_day(
    http: httpx.AsyncClient, admin: Header, database: Database
) -> None:
    await http.post("/v1/events", json={"events": [VIEWED]}, headers=under(admin))
    with database.write() as connection:
        connection.execute(sa.update(_K).values(expires=_K.c.at))
    other = {"events": [{**VIEWED, "subject": "/"}]}
    assert (await http.post("/v1/events", json=other, headers=under(admin))).status_code == 202
