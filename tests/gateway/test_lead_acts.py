"""Acting over HTTP: each outcome has its status and sentence; a bad body changes nothing.

The file is long because every outcome of every kind of act is one test.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from temporalio.service import RPCError, RPCStatusCode

from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.temporal.client import LeadNotFoundError, TemporalUnavailableError
from lifecycle.stable_hash import short_hash
from models.inputs import ACTS
from models.refusal import RefusedError
from tests.fakes import FakeActs
from tests.gateway.sales_keys import (
    MORGAN,
    RILEY,
    SAM,
    TEAMS,
    Header,
    apply_directory,
    header,
    store_lead_for_each_person,
    store_owned_lead,
)
from tests.journal.turns import NEWER, NOW, turn
from usecases.acting import ActDone, ActNotAllowed, ActRefused, ActUnanswered, perform
from usecases.context import Context
from usecases.viewer import Viewer, viewer_for_person

ACT = "/v1/leads/ana/acts"


@pytest.fixture
def riley(database: Database) -> Header:
    apply_directory(database, TEAMS)
    store_lead_for_each_person(database)
    return header(database, "sales", RILEY)


async def test_an_act_is_passed_on_whole_and_answered_with_the_state_of_the_lead(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs
) -> None:
    body = {
        "do": "recycle",
        "id": "crm-1",
        "reason": "not_now",
        "until": "2026-06-01T09:00:00+02:00",
        "note": "asked for time",
    }
    answer = await http.post(ACT, json=body, headers=riley)
    assert answer.status_code == 200
    assert answer.json() == {"done": True, "lead": {"lead": "ana", "stage": "mql", "owner": RILEY}}
    assert acts.done == [
        (
            "ana",
            "recycle",
            {
                "id": "crm-1",
                "by": RILEY,
                "reason": "not_now",
                "until": "2026-06-01T07:00:00Z",
                "note": "asked for time",
                "via": "api sales riley@acme.example",
            },
        )
    ]


@pytest.mark.parametrize("do", ACTS)
async def test_every_act_that_there_is_can_be_asked_for(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs, do: str
) -> None:
    assert (await http.post(ACT, json={"do": do}, headers=riley)).status_code == 200
    assert [one[1] for one in acts.done] == [do]


async def test_a_sales_key_logs_a_touch_of_a_lead_that_is_with_marketing_and_sees_no_more_of_it(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs
) -> None:
    path = "/v1/leads/new/acts"
    body = {"do": "touch", "channel": "call", "note": "no answer"}
    assert (await http.post(path, json=body, headers=riley)).status_code == 200
    assert [(lead, do, fields["by"]) for lead, do, fields in acts.done] == [("new", "touch", RILEY)]
    assert (await http.post(path, json={"do": "note"}, headers=riley)).status_code == 404
    assert (await http.get("/v1/leads/new", headers=riley)).status_code == 404
    # Eva is with sales, in another team.
    elsewhere = await http.post("/v1/leads/eva/acts", json=body, headers=riley)
    assert elsewhere.status_code == 404


async def test_an_act_without_an_id_is_given_one(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs
) -> None:
    for _ in range(2):
        await http.post(ACT, json={"do": "touch"}, headers=riley)
    given = [fields["id"] for _, _, fields in acts.done]
    assert len(set(given)) == 2
    assert all(len(one) == 32 for one in given)


@pytest.mark.parametrize(
    ("failure", "status", "expected"),
    [
        (RefusedError("Qualify is for a lead in stage sal."), 409, "Qualify is for a lead"),
        (RefusedError("Recycle needs a reason.", why="reason"), 422, "Recycle needs a reason."),
        (RefusedError("This id is that of an earlier accept.", why="id"), 409, "This id is"),
        (LeadNotFoundError("there is no lead 'ana'"), 404, "there is no lead 'ana'"),
        (ValueError("reason: is too long"), 422, "reason: is too long"),
        (TemporalUnavailableError("no worker answered"), 503, "Ask again with the id crm-1"),
        (RPCError("away", RPCStatusCode.UNAVAILABLE, b""), 503, "Ask again with the id crm-1"),
        (TimeoutError(), 503, "Ask again with the id crm-1"),
    ],
)
async def test_each_failure_has_its_own_status_and_sentence(
    http: httpx.AsyncClient,
    riley: Header,
    acts: FakeActs,
    *,
    failure: Exception,
    status: int,
    expected: str,
) -> None:
    acts.failures.append(failure)
    answer = await http.post(ACT, json={"do": "qualify", "id": "crm-1"}, headers=riley)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert expected in answer.json()["detail"]
    assert ("retry-after" in answer.headers) == (status == 503)
    assert (await http.post(ACT, json={"do": "qualify"}, headers=riley)).status_code == 200


async def test_an_act_is_answered_before_proxies_give_up(context: Context, riley: Header) -> None:
    assert riley
    given_up, left = [], []

    class SilentActs(FakeActs):
        async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
            assert fields
            try:
                await asyncio.Event().wait()
            finally:
                given_up.append((lead, do))

        async def leave(self, lead: str, do: str, fields: dict[str, Any]) -> None:
            left.append((lead, do, fields["id"]))

    found = await perform(
        context.reports,
        SilentActs(),
        context.arrivals,
        viewer_of(RILEY),
        lead="ana",
        do="accept",
        fields={"id": "crm-1"},
        timeout_seconds=0.05,
        now=NOW,
    )
    assert isinstance(found, ActUnanswered)
    assert found.id == "crm-1"
    assert given_up == [("ana", "accept")]
    assert left == [("ana", "accept", "crm-1")]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "body.do"),
        ({"do": "dance"}, "body.do"),
        ({"do": "ACCEPT"}, "body.do"),
        ({"do": "events"}, "body.do"),
        ({"do": "accept", "by": 7}, "body.by"),
        ({"do": "accept", "by": None, "wat": 1}, "body.wat"),
        ({"do": "accept", "id": ""}, "body.id"),
        ({"do": "accept", "id": "x" * 201}, "body.id"),
        ({"do": "accept", "id": 7}, "body.id"),
        ({"do": "note", "note": "x" * 10_001}, "body.note"),
        ({"do": "note", "note": ["x"]}, "body.note"),
        ({"do": "note", "note": "\u0000"}, "body"),
        ({"do": "hold", "until": "2026-06-01"}, "body.until"),
        ({"do": "hold", "until": "2026-06-01T09:00:00"}, "body.until"),
        ({"do": "hold", "until": "9999-12-31T23:59:59-12:00"}, "body.until"),
        ({"do": "hold", "until": 5}, "body.until"),
        ({"do": "open_opportunity", "amount": "24000"}, "body.amount"),
        ({"do": "open_opportunity", "amount": True}, "body.amount"),
        ({"do": "reassign", "to": "x"}, "body.to"),
        ([], "body"),
        ("accept", "body"),
        (None, "body"),
    ],
)
async def test_a_body_of_the_wrong_shape_is_refused_with_the_place_and_changes_nothing(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs, body: Any, path: str
) -> None:
    answer = await http.post(ACT, json=body, headers=riley)
    assert answer.status_code == 422
    assert [one["path"] for one in answer.json()["errors"]] == [path]
    assert all(one["problem"] for one in answer.json()["errors"])
    assert acts.done == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 200_000, 400),
        (b'{"do": "win", "amount": NaN}', 422),
        (b'{"do": "win", "amount": 1e999}', 422),
        (b'{"do": "note", "note": "\\ud800"}', 422),
        (b'{"do": "note", "note": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
)
async def test_a_huge_or_broken_body_is_refused(
    http: httpx.AsyncClient, riley: Header, acts: FakeActs, content: bytes, status: int
) -> None:
    headers = {**riley, "Content-Type": "application/json"}
    answer = await http.post(ACT, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
    assert acts.done == []


async def test_an_admin_who_names_no_person_is_refused(
    http: httpx.AsyncClient,
    riley: Header,  # noqa: ARG001 - the leads
    database: Database,
) -> None:
    admin = header(database, "admin")
    answer = await http.post(ACT, json={"do": "accept"}, headers=admin)
    [fault] = answer.json()["errors"]
    assert "by: is missing; say in whose name the act is done" in fault["problem"]


async def test_a_repeated_act_is_answered_as_before_when_the_lead_has_another_owner(
    http: httpx.AsyncClient, riley: Header, database: Database, acts: FakeActs
) -> None:
    recycled = turn(
        2,
        ("recycled", {"reason": "not_now", "by": RILEY}),
        before=1,
        stage="recycled",
        acts={short_hash("crm-1"): 2},
    )
    SqlJournal(database).record(recycled, NEWER, NOW)
    body = {"do": "recycle", "reason": "not_now", "id": "crm-1"}
    again = await http.post(ACT, json=body, headers=riley)
    assert again.status_code == 200
    assert again.json()["lead"] == {"lead": "ana", "stage": "recycled", "owner": None}
    assert [fields["id"] for _, _, fields in acts.done] == ["crm-1"]
    for asker, identity in ((riley, "crm-2"), (header(database, "sales", SAM), "crm-1")):
        other = await http.post(ACT, json={**body, "id": identity}, headers=asker)
        assert other.status_code == 404
    assert len(acts.done) == 1


def viewer_of(person: str) -> Viewer:
    found = viewer_for_person(TEAMS, person)
    assert found is not None
    return found


async def test_the_same_door_answers_others_with_values_instead_of_problems(
    context: Context, riley: Header, acts: FakeActs
) -> None:
    assert riley
    store_owned_lead(context.database, "cy", team="ae", owner=None)
    done = await perform(
        context.reports,
        acts,
        context.arrivals,
        viewer_of(MORGAN),
        lead="cy",
        do="hold",
        fields={"until": NOW, "why": "x"},
        now=NOW,
    )
    assert isinstance(done, ActDone)
    assert done.line is not None
    assert done.line.team == "ae"
    assert acts.done[0][2]["until"] == "2026-03-02T14:00:00Z"
    acts.failures.append(RefusedError("Accept is for the owner."))
    refused = await perform(
        context.reports,
        acts,
        context.arrivals,
        viewer_of(SAM),
        lead="ana",
        do="accept",
        fields={"note": None},
        now=NOW,
    )
    assert refused == ActRefused("Accept is for the owner.")
    marketing = Viewer(role="marketing", person=None, sight=None)
    not_allowed = await perform(
        context.reports,
        acts,
        context.arrivals,
        marketing,
        lead="ana",
        do="accept",
        fields={"by": RILEY},
        now=NOW,
    )
    assert isinstance(not_allowed, ActNotAllowed)
    assert len(acts.done) == 1
