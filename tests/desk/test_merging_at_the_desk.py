"""A manager merges two leads at the desk: looks for the other, sees both, and confirms."""

from __future__ import annotations

import httpx

from models.envelopes import MergeWork
from models.instants import write_instant
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    MARA,
    MORGAN,
    SimulatedLeads,
    colleague_of,
    page_text,
    press_button,
)


async def test_a_manager_finds_the_other_lead_by_its_address_and_merges_it(
    leads: SimulatedLeads, sign_in: SignIn, owner: str
) -> None:
    leads.new_lead("bob", email="a.miller@northwind.example", phone="+1 555 0100")
    morgan = sign_in(MORGAN)
    start = await morgan.open("/desk/leads/ana")
    assert "/desk/leads/ana/merge" in start.text
    found = await morgan.open("/desk/leads/ana/merge?q=A.Miller@northwind.example")
    assert "Merge Bob into Ana" in found.text
    merged = await morgan.send("/desk/leads/ana/merge", other="bob")
    assert (merged.status_code, merged.headers["location"]) == (303, "/desk/leads/ana?done=merge")
    shown = await morgan.open("/desk/leads/ana?done=merge")
    assert "Merged. The two leads are one." in shown.text
    assert "Lead bob was merged into this one, by morgan@acme.example" in shown.text
    assert "+1 555 0100" in shown.text
    assert (await morgan.open("/desk/leads/bob")).text.count("Lead bob was merged") == 1
    listed = await morgan.open("/desk/team")
    assert "/desk/leads/ana" in listed.text
    assert "/desk/leads/bob" not in listed.text
    assert leads.state("ana").owner == owner


async def test_what_can_not_be_merged_is_refused_with_a_sentence(
    leads: SimulatedLeads, sign_in: SignIn, owner: str
) -> None:
    assert owner
    leads.lead("eve", country="DE")
    morgan, mara = sign_in(MORGAN), sign_in(MARA)
    itself = await morgan.open("/desk/leads/ana/merge?q=ana")
    assert "ana is this lead itself" in itself.text
    refused = await morgan.send("/desk/leads/ana/merge", other="ana")
    assert refused.status_code == 409
    assert leads.entries("ana", "refused")[-1]["why"] == "itself"
    unseen = await morgan.send("/desk/leads/ana/merge", other="eve")
    assert unseen.status_code == 404
    assert "no lead" in unseen.text
    assert (await mara.open("/desk/leads/ana/merge")).status_code == 404
    assert not leads.entries("eve", "merged")


async def test_sales_people_may_not_merge(
    leads: SimulatedLeads, sign_in: SignIn, owner: str
) -> None:
    leads.new_lead("bob")
    riley = sign_in(owner)
    assert "/merge" not in (await riley.open("/desk/leads/ana")).text
    assert (await riley.open("/desk/leads/ana/merge")).status_code == 403
    assert (await riley.send("/desk/leads/ana/merge", other="bob")).status_code in (403, 404)
    assert not leads.entries("bob", "merged")


async def test_a_button_of_a_merged_lead_accepts_the_lead_that_goes_on_with_its_handoff(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    await leads.act("ana", "recycle", {"by": owner, "reason": "not_now"})
    leads.new_lead("bob")
    leads.event("bob", "form.submitted", "demo")
    of_bob = leads.state("bob").owner
    assert of_bob is not None
    path = leads.button("bob", of_bob, "accept")
    await leads.merge(MergeWork(keep="ana", other="bob", at=write_instant(leads.clock())))
    assert (leads.state("ana").stage, leads.state("ana").owner) == ("mql", of_bob)
    assert leads.state("ana").handoffs == 2, "its number is another"
    assert (await press_button(http, path)).status_code == 200
    assert leads.state("ana").stage == "sal"
    assert len(leads.entries("ana", "accepted")) == 1
    again = await press_button(http, path)
    assert "New → Accepted (accepted)" in page_text(again.text)
    assert len(leads.entries("ana", "accepted")) == 1


async def test_a_button_of_a_handoff_that_a_merge_ended_does_not_act(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    leads.new_lead("bob")
    leads.event("bob", "form.submitted", "demo")
    colleague = colleague_of(owner)
    if leads.state("bob").owner != colleague:
        await leads.act("bob", "reassign", {"by": MORGAN, "to": colleague})
    path = leads.button("bob", colleague, "accept")
    await leads.merge(MergeWork(keep="ana", other="bob", at=write_instant(leads.clock())))
    answer = await press_button(http, path)
    assert "The lead is somebody else's now." in page_text(answer.text)
    assert (leads.state("ana").stage, leads.state("ana").owner) == ("mql", owner)
