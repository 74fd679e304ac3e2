"""Merging over the API: who may, what is answered, and that names of both mean the one lead."""

from __future__ import annotations

import httpx
import pytest
from temporalio.service import RPCError, RPCStatusCode

from adapters.sql.database import Database
from tests.fakes import FakeActs
from tests.gateway.sales_keys import (
    MORGAN,
    RILEY,
    TEAMS,
    Header,
    apply_directory,
    header,
    store_lead_for_each_person,
)

MERGE = "/v1/leads/ana/merge"


@pytest.fixture
def morgan(database: Database) -> Header:
    apply_directory(database, TEAMS)
    store_lead_for_each_person(database)
    return header(database, "manager", MORGAN)


async def test_a_manager_merges_in_their_own_name(
    http: httpx.AsyncClient, morgan: Header, acts: FakeActs, database: Database
) -> None:
    answer = await http.post(MERGE, json={"other": "ben"}, headers=morgan)
    assert answer.status_code == 200
    assert answer.json()["lead"]["lead"] == "ana"
    (lead, do, work) = acts.done[0]
    assert (lead, do, work["other"], work["by"]) == ("ana", "merge", "ben", MORGAN)
    assert work["via"] == f"api manager {MORGAN}"
    sales = header(database, "sales", RILEY)
    assert (await http.post(MERGE, json={"other": "ben"}, headers=sales)).status_code == 403


async def test_a_merge_that_is_not_answered_is_asked_again(
    http: httpx.AsyncClient, morgan: Header, acts: FakeActs
) -> None:
    acts.failures.append(RPCError("away", RPCStatusCode.UNAVAILABLE, b""))
    answer = await http.post(MERGE, json={"other": "ben"}, headers=morgan)
    assert answer.status_code == 503
    assert "Ask again" in answer.json()["detail"]


async def test_a_lead_that_a_manager_may_not_see_is_not_there(
    http: httpx.AsyncClient, morgan: Header, acts: FakeActs
) -> None:
    for other in ("nobody", "nobody@x.example"):
        answer = await http.post(MERGE, json={"other": other}, headers=morgan)
        assert answer.status_code == 404
        assert f"there is no lead '{other}'" in answer.json()["detail"]
    assert acts.done == []
