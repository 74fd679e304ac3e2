"""Buttons of alerts whose lead has moved on: they act on nothing and say what happened."""

from __future__ import annotations

import httpx

from models.directory import Directory
from tests.desk.simulated_leads import (
    ALEX,
    MORGAN,
    NAMES,
    PEOPLE,
    SimulatedLeads,
    colleague_of,
    page_text,
    press_button,
)
from usecases.context import Context


async def test_a_button_says_that_its_lead_was_recycled(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "recycle", {"by": owner, "reason": "not_now"})
    answer = await press_button(http, path)
    assert answer.status_code == 200
    assert "The lead has moved on since this mail." in page_text(answer.text)
    assert "Back with marketing (not now)" in page_text(answer.text)
    assert "/desk/leads/" not in answer.text  # the person may not see it any more
    assert len(leads.asked) == 1


async def test_a_button_says_that_its_lead_has_another_owner(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "reassign", {"by": MORGAN, "to": colleague_of(owner)})
    answer = await press_button(http, path)
    assert "The lead is somebody else's now." in page_text(answer.text)
    assert f"Given to {NAMES[colleague_of(owner)]}" in page_text(answer.text)
    assert leads.state("ana").stage == "mql"


async def test_a_button_does_not_act_on_a_later_handoff_of_the_same_person(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "recycle", {"by": owner, "reason": "not_now"})
    leads.wait("ana", days=91)
    leads.event("ana", "form.submitted", "demo")
    if leads.state("ana").owner != owner:
        await leads.act("ana", "reassign", {"by": MORGAN, "to": owner})
    assert leads.state("ana").owner == owner
    answer = await press_button(http, path)
    assert "moved on" in page_text(answer.text)
    assert leads.state("ana").stage == "mql"
    assert (await press_button(http, leads.button("ana", owner, "accept"))).status_code == 200
    assert leads.state("ana").stage == "sal"


async def test_a_button_of_a_person_who_left_does_not_act(
    http: httpx.AsyncClient, leads: SimulatedLeads, context: Context, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    rest = [one for one in PEOPLE["teams"]["sdr"]["members"] if one["email"] != owner]
    teams = {**PEOPLE["teams"], "sdr": {"manager": MORGAN, "members": rest}}
    context.people.apply(Directory.model_validate({"teams": teams}))
    for answer in (await http.get(path), await http.post(path)):
        assert answer.status_code == 403
        assert "in no team any more" in answer.text
        assert "Ana" not in answer.text
    assert leads.asked == []


async def test_a_button_of_a_person_who_changed_teams_does_not_act_on_leads_of_the_old_team(
    http: httpx.AsyncClient, leads: SimulatedLeads, context: Context, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    await leads.act("ana", "reassign", {"by": MORGAN, "to": colleague_of(owner)})
    sdr = [one for one in PEOPLE["teams"]["sdr"]["members"] if one["email"] != owner]
    teams = {
        **PEOPLE["teams"],
        "sdr": {"manager": MORGAN, "members": sdr},
        "emea": {"manager": "mara@acme.example", "members": [{"email": owner}]},
    }
    context.people.apply(Directory.model_validate({"teams": teams}))
    await press_button(http, path)
    assert leads.state("ana").stage == "mql"


async def test_the_slower_of_two_people_reads_who_was_faster(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    leads.overtaking = {"by": MORGAN, "id": "faster"}
    answer = await press_button(http, path)
    assert answer.status_code == 200
    assert f"This was done already. Accepted by {MORGAN}" in page_text(answer.text)
    assert len(leads.entries("ana", "accepted")) == 1


async def test_a_second_handoff_has_its_own_buttons(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    first = leads.button("ana", owner, "accept")
    await leads.act("ana", "accept", {"by": owner})
    await leads.act("ana", "qualify", {"by": owner})
    second = leads.button("ana", ALEX, "accept")
    assert f"Accepted by {NAMES[owner]}" in page_text((await http.get(first)).text)
    assert (await press_button(http, second)).status_code == 200
    assert [one["by"] for one in leads.entries("ana", "accepted")] == [owner, ALEX]
