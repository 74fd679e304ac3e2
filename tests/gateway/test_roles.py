"""Who may do what over HTTP: every kind of caller on every route and every lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from models.directory import Directory
from tests.fakes import FakeActs
from tests.gateway.sales_keys import (
    JONAS,
    MARA,
    MORGAN,
    RILEY,
    SAM,
    TEAMS,
    Header,
    apply_directory,
    header,
    keys_of_all_callers,
    store_lead_for_each_person,
)
from usecases.context import Context

ASKERS = "nobody system marketing riley jonas morgan mara admin"
ROUTES = """
POST /v1/leads           401 202 202 403 403 403 403 202
POST /v1/events          401 202 202 403 403 403 403 202
GET  /v1/leads           401 403 200 200 200 200 200 200
GET  /v1/leads/ana       401 403 200 200 404 200 404 200
GET  /v1/leads/ben       401 403 200 200 404 200 404 200
GET  /v1/leads/eva       401 403 200 404 200 404 200 200
GET  /v1/leads/new       401 403 200 404 404 200 200 200
GET  /v1/leads/gone      401 403 404 404 404 404 404 404
POST /v1/leads/ana/acts  401 403 403 200 404 200 404 422
POST /v1/leads/ben/acts  401 403 403 200 404 200 404 422
POST /v1/leads/eva/acts  401 403 403 404 200 404 200 422
POST /v1/leads/new/acts  401 403 403 404 404 200 200 422
POST /v1/leads/gone/acts 401 403 403 404 404 404 404 404
"""
"""One row for each route, one column for each caller. Riley and Jonas are sales of sdr
and emea, Morgan and Mara manage them. An admin's act must name a person (422)."""
BODIES: Mapping[str, Any] = {
    "/v1/leads": {"leads": [{"email": "zoe@northwind.example"}]},
    "/v1/events": {"events": [{"type": "page.viewed", "lead": "ana"}]},
}


class AskedRoute(NamedTuple):
    method: str
    path: str
    statuses: Mapping[str, int]
    """By caller."""


def routes() -> list[AskedRoute]:
    lines = [line.split() for line in ROUTES.strip().splitlines()]
    return [
        AskedRoute(method, path, dict(zip(ASKERS.split(), map(int, statuses), strict=True)))
        for method, path, *statuses in lines
    ]


@pytest.fixture
def keys_with_leads(database: Database) -> Mapping[str, Header]:
    """Keys of everybody, with teams and leads there."""
    apply_directory(database, TEAMS)
    store_lead_for_each_person(database)
    return keys_of_all_callers(database)


@pytest.mark.parametrize("route", routes(), ids=lambda one: f"{one.method} {one.path}")
async def test_each_route_answers_only_the_roles_that_it_is_for(
    http: httpx.AsyncClient,
    acts: FakeActs,
    keys_with_leads: Mapping[str, Header],
    route: AskedRoute,
) -> None:
    method, path, statuses = route
    body = BODIES.get(path, {"do": "note", "note": "x"}) if method == "POST" else None
    for asker, status in statuses.items():
        acts.done.clear()
        answer = await http.request(method, path, json=body, headers=keys_with_leads[asker])
        assert answer.status_code == status, f"{asker}: {answer.text}"
        assert len(acts.done) == (path.endswith("/acts") and status == 200), asker
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            told = answer.json()
            assert (told["status"], bool(told["detail"])) == (status, True), asker


@pytest.mark.parametrize(
    ("asker", "leads"),
    [
        ("marketing", "ana ben eva new"),
        ("riley", "ana ben"),
        ("jonas", "eva"),
        ("morgan", "ana ben new"),
        ("mara", "eva new"),
        ("admin", "ana ben eva new"),
    ],
)
async def test_a_list_shows_only_what_the_caller_may_see_with_any_filter(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], asker: str, leads: str
) -> None:
    async def asked(**query: str) -> set[str]:
        answer = await http.get("/v1/leads", params=query, headers=keys_with_leads[asker])
        return {one["lead"] for one in answer.json()["leads"]}

    mine = set(leads.split())
    assert await asked() == mine
    assert await asked(team="sdr") == mine & {"ana", "ben"}
    assert await asked(team="emea") == mine & {"eva"}
    assert await asked(owner=JONAS) == mine & {"eva"}
    assert await asked(due_before="2030-01-01T00:00:00Z", stage="mql") == mine - {"new"}


async def test_a_lead_that_the_caller_may_not_see_looks_like_an_unknown_lead(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header]
) -> None:
    for method, path in (("GET", "/v1/leads/{}"), ("POST", "/v1/leads/{}/acts")):
        answers = []
        for lead in ("eva", "gone"):
            answer = await http.request(
                method,
                path.format(lead),
                json={"do": "accept"} if method == "POST" else None,
                headers=keys_with_leads["riley"],
            )
            answers.append((answer.status_code, answer.text.replace(lead, "LEAD")))
        assert answers[0] == answers[1]


@pytest.mark.parametrize("lead", ["%00", "..%2f..", "ana%00", "%ff", "a" * 3_000, "ANA", " ana"])
async def test_an_invalid_id_is_answered_like_an_unknown_lead(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], lead: str
) -> None:
    read = await http.get(f"/v1/leads/{lead}", headers=keys_with_leads["admin"])
    acted = await http.post(
        f"/v1/leads/{lead}/acts",
        json={"do": "accept", "by": RILEY},
        headers=keys_with_leads["admin"],
    )
    assert (read.status_code, acted.status_code) == (404, 404)


@pytest.mark.parametrize(
    "by",
    [
        SAM,
        MORGAN,
        "SAM@acme.example",
        " sam@acme.example ",
        "riley@acme.example,sam@acme.example",
        "riley@acme.example\u200b",
        "r\u0131ley@acme.example",
        "riley@acme.example\n",
        "sam@acme.example\u00a0",
    ],
)
async def test_a_salesperson_can_not_act_as_another_person_in_any_spelling(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], acts: FakeActs, by: str
) -> None:
    body = {"do": "accept", "by": by}
    answer = await http.post("/v1/leads/ana/acts", json=body, headers=keys_with_leads["riley"])
    if answer.status_code == 200:  # the name is Riley's own, so Riley acts
        assert by.strip() == RILEY
        assert [fields["by"] for _, _, fields in acts.done] == [RILEY]
    else:
        assert answer.status_code == 403
        assert "you act as riley@acme.example and nobody else" in answer.json()["detail"]
        assert acts.done == []


@pytest.mark.parametrize("field", ["By", "BY", "by ", "actor", "on_behalf_of", "fields", "__by"])
async def test_no_other_field_can_name_another_person(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], acts: FakeActs, field: str
) -> None:
    body = {"do": "accept", field: SAM}
    answer = await http.post("/v1/leads/ana/acts", json=body, headers=keys_with_leads["riley"])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == f"body.{field}"
    assert acts.done == []


async def test_a_repeated_field_does_not_change_the_person_of_the_key(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], acts: FakeActs
) -> None:
    headers = {**keys_with_leads["riley"], "Content-Type": "application/json"}
    for first, second, status in ((RILEY, SAM, 403), (SAM, RILEY, 200)):
        text = f'{{"do": "accept", "by": "{first}", "by": "{second}"}}'
        answer = await http.post("/v1/leads/ana/acts", content=text, headers=headers)
        assert answer.status_code == status
    assert [fields["by"] for _, _, fields in acts.done] == [RILEY]


async def test_an_act_is_in_the_name_of_the_key_s_person_or_of_the_one_an_admin_names(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], acts: FakeActs
) -> None:
    for asker, body in (
        ("riley", {}),
        ("riley", {"by": "Riley@ACME.example"}),
        ("morgan", {}),
        ("admin", {"by": SAM}),
    ):
        answer = await http.post(
            "/v1/leads/ben/acts", json={"do": "accept", **body}, headers=keys_with_leads[asker]
        )
        assert answer.status_code == 200
    assert [fields["by"] for _, _, fields in acts.done] == [RILEY, RILEY, MORGAN, SAM]


async def test_a_revoked_key_is_refused(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], database: Database
) -> None:
    bearer = keys_with_leads["riley"]["Authorization"]
    assert SqlApiKeys(database).revoke(bearer.split("_")[1])
    answer = await http.get("/v1/leads/ana", headers=keys_with_leads["riley"])
    assert answer.status_code == 401


def directory_without(people: Directory, person: str) -> Directory:
    """The same people, but one has left."""
    teams = {
        name: team.model_copy(
            update={
                "manager": None if team.manager == person else team.manager,
                "members": tuple(one for one in team.members if one.email != person),
            }
        )
        for name, team in people.teams.items()
    }
    return people.model_copy(update={"teams": teams})


@pytest.mark.parametrize(
    ("person", "lead", "expected"),
    [(RILEY, "ana", "is in no team"), (MARA, "eva", "manages no team")],
)
async def test_the_key_of_a_person_who_left_shows_no_leads_not_even_their_own(
    http: httpx.AsyncClient,
    keys_with_leads: Mapping[str, Header],
    context: Context,
    *,
    person: str,
    lead: str,
    expected: str,
) -> None:
    headers = keys_with_leads[person.partition("@")[0]]
    assert (await http.get(f"/v1/leads/{lead}", headers=headers)).status_code == 200
    context.people.apply(directory_without(TEAMS, person))
    for answer in (
        await http.get("/v1/leads", headers=headers),
        await http.get(f"/v1/leads/{lead}", headers=headers),
        await http.post(f"/v1/leads/{lead}/acts", json={"do": "accept"}, headers=headers),
    ):
        assert answer.status_code == 403
        assert expected in answer.json()["detail"]
    context.people.apply(TEAMS)
    assert (await http.get(f"/v1/leads/{lead}", headers=headers)).status_code == 200


async def test_a_person_who_changes_teams_sees_the_new_team_s_leads_and_those_still_owned(
    http: httpx.AsyncClient, keys_with_leads: Mapping[str, Header], context: Context
) -> None:
    riley = TEAMS.member(RILEY)
    assert riley is not None
    moved = directory_without(TEAMS, RILEY)
    emea = moved.teams["emea"]
    joined = emea.model_copy(update={"members": (*emea.members, riley)})
    context.people.apply(moved.model_copy(update={"teams": {**moved.teams, "emea": joined}}))
    answer = await http.get("/v1/leads", headers=keys_with_leads["riley"])
    assert {one["lead"] for one in answer.json()["leads"]} == {"ana", "eva"}


async def test_a_manager_who_has_a_sales_key_is_still_who_they_are(
    http: httpx.AsyncClient,
    keys_with_leads: Mapping[str, Header],  # noqa: ARG001 - the leads
    database: Database,
) -> None:
    answer = await http.get("/v1/leads", headers=header(database, "sales", MORGAN))
    assert {one["lead"] for one in answer.json()["leads"]} == {"ana", "ben", "new"}
