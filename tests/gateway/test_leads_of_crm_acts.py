"""Which lead an act of the CRM is for: by an id, by the address, or by both."""

from __future__ import annotations

import httpx

from adapters.sql.database import Database
from tests.fakes import FakeActs
from tests.gateway.stored_rows import intake_bodies, store_lead, store_twin
from tests.gateway.test_crm_acts import RILEY, post_act


async def test_an_address_of_two_leads_from_before_names_the_first_of_them(
    http: httpx.AsyncClient, acts: FakeActs, database: Database
) -> None:
    address = "ana@northwind.example"
    store_lead(database, email=address)
    store_twin(database, "crm-7", email=address)
    named = {"email": address, "do": "accept", "by": RILEY}
    assert (await post_act(http, named)).json()["lead"] == "ana"
    both = {**named, "lead": "crm-7"}
    assert (await post_act(http, both, identity="msg-2")).json()["lead"] == "crm-7"
    assert len(acts.done) == 2


async def test_an_act_with_id_and_address_makes_the_id_known(
    http: httpx.AsyncClient, acts: FakeActs, database: Database
) -> None:
    store_lead(database)
    both = {"lead": "crm-7", "email": "Ana@Northwind.example", "do": "accept", "by": RILEY}
    assert (await post_act(http, both)).json()["lead"] == "ana"
    alone = {"lead": "crm-7", "do": "accept", "by": RILEY}
    assert (await post_act(http, alone, identity="msg-2")).json()["lead"] == "ana"
    assert [lead for lead, *_ in acts.done] == ["ana", "ana"]


async def test_an_act_of_a_known_id_with_a_new_address_moves_the_lead(
    http: httpx.AsyncClient, database: Database
) -> None:
    store_lead(database)
    moved = {"lead": "ana", "email": "ana@new.example", "do": "accept", "by": RILEY}
    assert (await post_act(http, moved)).json()["lead"] == "ana"
    [update] = intake_bodies(database)
    assert (update["type"], update["data"]) == ("profile.updated", {"email": "ana@new.example"})
    store_lead(database, "bo")
    two = {"lead": "bo", "email": "ana@new.example", "do": "accept", "by": RILEY}
    answered = await post_act(http, two, identity="msg-2")
    assert answered.status_code == 422
    assert "'bo' is one lead" in answered.json()["detail"]
    assert "another, lead 'ana'; if both are one person, merge them" in answered.json()["detail"]
