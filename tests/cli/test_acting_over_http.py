"""From a lead that is posted to one that is accepted, over HTTP, through the whole real stack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import open_database
from assembly.stack import Stack
from lifecycle.stable_hash import lead_id
from tests.waiting import LIMIT
from tests.waiting import until as eventually

RILEY = "riley@acme.example"
SAM = "sam@acme.example"
MORGAN = "morgan@acme.example"

KeyOf = Callable[..., dict[str, str]]


@pytest.fixture
def key_of(stack: Stack) -> KeyOf:
    """A header with a new key of this role."""

    def made(role: str, person: str | None = None) -> dict[str, str]:
        database = open_database(stack.settings.database)
        try:
            key = SqlApiKeys(database).make(f"{role} {person}", role=role, person=person)
        finally:
            database.close()
        return {"Authorization": f"Bearer {key}"}

    return made


@pytest.fixture
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.gateway, timeout=LIMIT) as one:
        yield one


async def hand_over_lead(
    http: httpx.AsyncClient, admin: dict[str, str], name: str
) -> dict[str, Any]:
    """A new lead that raised its hand, once it has an owner: as the list shows it."""
    email = f"{name}@over-http.example"
    lead = {"email": email, "employees": 900, "title": "VP Sales", "country": "US"}
    created = await http.post("/v1/leads", json={"leads": [lead]}, headers=admin)
    event = {"type": "form.submitted", "subject": "demo", "email": email}
    sent = await http.post("/v1/events", json={"events": [event]}, headers=admin)
    assert [one.json()["results"][0]["status"] for one in (created, sent)] == ["accepted"] * 2

    async def assigned() -> Any:
        found = await http.get(f"/v1/leads/{lead_id(email)}", headers=admin)
        return found.json() if found.status_code == 200 and found.json()["owner"] else None

    shown: dict[str, Any] = await eventually(assigned, 20)
    assert (shown["stage"], shown["deadline"]["clock"]) == ("mql", "accept")
    return shown


async def test_the_owner_accepts_by_their_key_and_the_manager_reads_who_did(
    http: httpx.AsyncClient, key_of: KeyOf
) -> None:
    admin = key_of("admin")
    lead = await hand_over_lead(http, admin, "ida")
    owner, url = lead["owner"], f"/v1/leads/{lead['lead']}"
    hers = key_of("sales", owner)
    mine = await http.get("/v1/leads", params={"owner": owner, "stage": "mql"}, headers=hers)
    assert lead["lead"] in [one["lead"] for one in mine.json()["leads"]]
    early = await http.post(f"{url}/acts", json={"do": "qualify"}, headers=hers)
    assert (early.status_code, "Qualify is for a lead in stage sal" in early.text) == (409, True)
    accept = {"do": "accept", "id": "ida-1"}
    accepted = await http.post(f"{url}/acts", json=accept, headers=hers)
    assert accepted.json() == {
        "done": True,
        "lead": {"lead": lead["lead"], "stage": "sal", "owner": owner},
    }
    again = await http.post(f"{url}/acts", json=accept, headers=hers)
    assert again.status_code == 200
    managers = key_of("manager", MORGAN)
    second = await http.post(f"{url}/acts", json={"do": "accept"}, headers=managers)
    assert second.status_code == 409
    assert f"was accepted by {owner}" in second.json()["detail"]
    other_sales = key_of("sales", "jonas@acme.example")
    hidden = await http.post(f"{url}/acts", json={"do": "accept"}, headers=other_sales)
    assert hidden.status_code == 404
    timeline = (await http.get(url, headers=hers)).json()["timeline"]
    assert [one["by"] for one in timeline if one["kind"] == "accepted"] == [owner]
    assert [one["by"] for one in timeline if one["kind"] == "refused"] == [owner, MORGAN]


async def test_of_two_who_press_accept_at_once_one_wins_and_the_other_reads_who(
    http: httpx.AsyncClient, key_of: KeyOf
) -> None:
    admin = key_of("admin")
    managers = key_of("manager", MORGAN)
    for name in ("uma", "una", "ute"):
        lead = await hand_over_lead(http, admin, name)
        owners = key_of("sales", lead["owner"])
        url = f"/v1/leads/{lead['lead']}"
        answers = await asyncio.gather(
            http.post(f"{url}/acts", json={"do": "accept"}, headers=owners),
            http.post(f"{url}/acts", json={"do": "accept"}, headers=managers),
        )
        assert sorted(one.status_code for one in answers) == [200, 409]
        winner = (lead["owner"], MORGAN)[answers[1].status_code == 200]
        [lost] = [one for one in answers if one.status_code == 409]
        assert f"was accepted by {winner}" in lost.json()["detail"]
        shown = (await http.get(url, headers=managers)).json()
        assert (shown["stage"], shown["owner"]) == ("sal", winner)
        accepted = [one["by"] for one in shown["timeline"] if one["kind"] == "accepted"]
        assert accepted == [winner]


async def test_a_repeated_recycle_is_answered_as_before_though_the_lead_has_no_owner_any_more(
    http: httpx.AsyncClient, key_of: KeyOf
) -> None:
    admin = key_of("admin")
    lead = await hand_over_lead(http, admin, "ria")
    owners = key_of("sales", lead["owner"])
    url = f"/v1/leads/{lead['lead']}"
    body = {"do": "recycle", "reason": "not_now", "id": "ria-1"}
    first = await http.post(f"{url}/acts", json=body, headers=owners)
    assert first.json()["lead"] == {"lead": lead["lead"], "stage": "recycled", "owner": None}
    assert (await http.get(url, headers=owners)).status_code == 404
    again = await http.post(f"{url}/acts", json=body, headers=owners)
    assert (again.status_code, again.json()) == (200, first.json())
    shown = (await http.get(url, headers=admin)).json()
    assert [one["kind"] for one in shown["timeline"]].count("recycled") == 1


async def test_an_admin_acts_in_the_name_they_give(http: httpx.AsyncClient, key_of: KeyOf) -> None:
    admin = key_of("admin")
    lead = await hand_over_lead(http, admin, "ada")
    other = next(one for one in (RILEY, SAM) if one != lead["owner"])
    url = f"/v1/leads/{lead['lead']}/acts"
    refused = await http.post(url, json={"do": "accept", "by": other}, headers=admin)
    assert refused.status_code == 409
    assert f"not for {other}" in refused.json()["detail"]
    accepted = await http.post(url, json={"do": "accept", "by": MORGAN}, headers=admin)
    assert accepted.json()["lead"]["owner"] == MORGAN
