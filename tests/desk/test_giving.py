"""Giving selected leads to somebody: the page offers for each team who can take its leads."""

from __future__ import annotations

import re

from models.directory import Directory
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    MORGAN,
    PEOPLE,
    RILEY,
    DeskBrowser,
    SimulatedLeads,
    page_text,
)

_OPTION = re.compile(r'<option value="(.+?)">(.+?)<')


async def asked(desk: DeskBrowser, *leads: str, base: str = "/desk/team", **more: str) -> str:
    """The answer to the button below the list."""
    await desk.open("/desk")
    token = re.findall(r'name="token" value="([^"]+)"', desk.page)[0]
    data = {"token": token, "do": "reassign", "lead": list(leads), "back": base, "id": "1", **more}
    return (await desk.http.post("/desk/acts", data=data)).text


async def test_leads_of_two_teams_are_given_one_team_after_the_other(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    teams = {**PEOPLE["teams"], "emea": {**PEOPLE["teams"]["emea"], "manager": MORGAN}}
    teams["emea"]["members"].append({"email": "eva@acme.example", "name": "Eva", "capacity": 5})
    leads.context.people.apply(Directory.model_validate({"teams": teams}))
    leads.lead("ana")
    leads.lead("dora", country="DE")
    other = {JONAS: "eva@acme.example", "eva@acme.example": JONAS}[str(leads.state("dora").owner)]
    page = await asked(sign_in(MORGAN), "ana", "dora", "nobody")
    assert "They are of 2 teams." in page_text(page)
    assert "1 lead of these is with no team of yours now" in page_text(page)
    offered = [address for address, _ in _OPTION.findall(page)]
    assert offered[0] == other
    assert offered[1:] == [
        one for one in (RILEY, "sam@acme.example") if one != leads.state("ana").owner
    ]


async def test_who_is_not_there_or_owns_some_of_the_leads_is_described_so(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    for lead in ("ana", "bo"):
        leads.lead(lead)
    assert {leads.state(one).owner for one in ("ana", "bo")} == {RILEY, "sam@acme.example"}
    today = leads.clock.at.date()
    leads.context.people.absences.add(RILEY, today, today, by=MORGAN)
    page = await asked(sign_in(MORGAN), "ana", "bo")
    assert f"Riley (1 leads, away until {today}, owns 1 of these)" in page_text(page)


async def test_only_a_manager_gives_leads_away(leads: SimulatedLeads, sign_in: SignIn) -> None:
    leads.lead("ana")
    owner = str(leads.state("ana").owner)
    page = await asked(sign_in(owner), "ana", base="/desk")
    assert "Only the manager of a team gives its leads away." in page_text(page)
    assert leads.asked == []
