"""The queues at the desk: rows, acts in a row and on several leads, undo, refusals.

The file is long because every act that a queue offers is tried here, on one lead and on several.
"""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import pytest

from gateway.desk import queue_acts
from models.directory import Directory
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    MARA,
    MORGAN,
    PEOPLE,
    RILEY,
    SAM,
    DeskBrowser,
    SimulatedLeads,
    page_text,
)
from tests.desk.test_pages import EVIL, is_escaped

_FORM_OF = re.compile(r'name="one" value="([^"]+)"')


@pytest.fixture
def riley(leads: SimulatedLeads, sign_in: SignIn) -> DeskBrowser:
    """Riley, who gets all leads of the team."""
    sdr = {"manager": MORGAN, "members": [{"email": RILEY, "name": "Riley"}]}
    teams = {**PEOPLE["teams"], "sdr": sdr}
    leads.context.people.apply(Directory.model_validate({"teams": teams}))
    return sign_in(RILEY)


NUMBER = re.compile(r'<a class="number[^"]*" href="([^"]+)">(\d+)</a>')


def with_sam(leads: SimulatedLeads) -> None:
    leads.context.people.apply(Directory.model_validate({"teams": PEOPLE["teams"]}))


async def test_a_row_says_who_why_until_when_and_how_to_reach_them(
    leads: SimulatedLeads, riley: DeskBrowser
) -> None:
    leads.lead("ana", phone="+1 212 555 0100", timezone="America/Los_Angeles", title="CFO")
    answer = await riley.open("/desk")
    text = page_text(answer.text)
    assert "Ana CFO, Northwind" in text
    assert "asked: sent the form demo" in text
    assert "Accept by Mon 10:00 EST 1 h of office time left" in text
    assert re.search(r"score \d+ · active Mon 09:00 EST · 06:00 there", text)
    assert 'href="tel:+1 212 555 0100"' in answer.text
    assert 'href="mailto:ana@northwind.example"' in answer.text


async def test_a_lead_is_accepted_in_its_row_and_the_list_stays_where_it_was(
    leads: SimulatedLeads, riley: DeskBrowser
) -> None:
    for lead in ("ana", "bo"):
        leads.lead(lead)
    await riley.open("/desk?group=new&sort=score&q=northwind")
    back = html.unescape(re.findall(r'name="back" value="([^"]+)"', riley.page)[0])
    assert back == "/desk?q=northwind&group=new&sort=score"
    button = next(one for one in _FORM_OF.findall(riley.page) if one.startswith("accept ana"))
    answer = await riley.send("/desk/acts", one=button, back=back, id="x")
    assert answer.headers["location"] == f"{back}&done=accept&on=ana#l-bo"
    assert leads.state("ana").stage == "sal"
    await riley.send("/desk/acts", one=button, back=back, id="x")  # a double click
    assert len(leads.entries("ana", "accepted")) == 1
    assert "Accepted." in page_text((await riley.open(answer.headers["location"])).text)


async def test_a_form_opens_in_the_row_and_a_refusal_keeps_what_was_typed(
    leads: SimulatedLeads, riley: DeskBrowser
) -> None:
    leads.lead("ana")
    await riley.open("/desk?open=hold+ana")
    assert "What the lead is waiting for" in riley.page
    sent = {"do": "hold", "lead": "ana", "next": "", "back": "/desk", "why": "their <board>"}
    answer = await riley.send("/desk/acts", **sent, until="2020-01-01T09:00")
    assert answer.status_code == 409
    assert "yet to come" in page_text(answer.text)
    assert 'value="their &lt;board&gt;"' in answer.text
    assert 'value="2020-01-01T09:00"' in answer.text
    answer = await riley.send("/desk/acts", **sent, until="2026-03-04T09:30")
    assert answer.status_code == 303
    await riley.open(answer.headers["location"])
    assert "On hold 1" in page_text(riley.page)
    assert leads.entries("ana", "held")[0]["via"] == "desk"


async def test_several_leads_are_acted_on_at_once_and_each_refusal_is_told(
    leads: SimulatedLeads, riley: DeskBrowser
) -> None:
    for lead in ("ana", "bo"):
        leads.lead(lead)
    await riley.open("/desk")
    token = {"token": re.findall(r'name="token" value="([^"]+)"', riley.page)[0]}
    both = {**token, "back": "/desk", "lead": ["ana", "bo"]}
    touch = both | {"do": "touch", "id": "1", "channel": "call", "note": "hello"}
    for _ in range(2):  # a double click has one effect
        answer = await riley.http.post("/desk/acts", data=touch)
        assert answer.headers["location"] == "/desk?done=touch&on=ana&on=bo"
        assert [len(leads.entries(one, "touched")) for one in ("ana", "bo")] == [1, 1]
    await leads.act("ana", "hold", {"by": RILEY, "until": "2026-03-04T14:30:00Z", "why": "x"})
    answer = await riley.http.post("/desk/acts", data=both | {"do": "resume"})
    assert answer.status_code == 409
    assert "Done for 1 of 2. Bo: Resume is for a lead on hold" in page_text(answer.text)
    assert 'value="bo" aria-label="Select Bo" checked' in answer.text
    assert len(leads.entries("ana", "resumed")) == 1
    for data, expected in (
        ({"do": "touch"}, "Select a lead first."),
        ({"do": "win", "lead": "ana"}, "Choose what to do"),
        ({"do": "touch", "lead": [str(one) for one in range(51)]}, "at most 50 leads"),
        ({"do": "hold", "lead": "ana", "until": "soon"}, "'soon' is not a day"),
    ):
        answer = await riley.http.post("/desk/acts", data={**token, **data})
        assert (answer.status_code, expected in page_text(answer.text)) == (422, True)


async def test_a_hold_is_undone_within_a_minute_and_an_acceptance_is_not(
    leads: SimulatedLeads, riley: DeskBrowser
) -> None:
    leads.lead("ana")
    await riley.open("/desk")
    hold = {"do": "hold", "lead": "ana", "until": "2026-03-04T09:30", "why": "x", "back": "/desk"}
    done = (await riley.send("/desk/acts", **hold)).headers["location"]
    assert "Undo: end the hold" in (await riley.open(done)).text
    longer = hold | {"until": "2026-03-05T09:30"}
    leads.clock.at = leads.clock.at.replace(minute=1, second=30)
    again = (await riley.send("/desk/acts", **longer)).headers["location"]
    # The minute of the hold is over, and a longer hold can't be made the shorter one again.
    assert "Undo" not in (await riley.open(again)).text
    assert (await riley.send("/desk/acts", one="resume ana ", back="/desk")).status_code == 303
    assert leads.entries("ana", "resumed")[-1]["why"] == "resume"
    done = (await riley.send("/desk/acts", one="accept ana ", back="/desk")).headers["location"]
    assert "Undo" not in (await riley.open(done)).text


@pytest.mark.usefixtures("riley")
async def test_a_manager_gives_several_leads_away_after_a_confirmation_and_takes_them_back(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    for lead in ("ana", "bo"):
        leads.lead(lead)
    with_sam(leads)
    morgan = sign_in(MORGAN)
    await morgan.open(f"/desk/team?owner={quote(RILEY)}")
    data = {
        "do": "reassign",
        "lead": ["ana", "bo"],
        "back": "/desk/team",
        "id": "1",
        "token": re.findall(r'name="token" value="([^"]+)"', morgan.page)[0],
    }
    asked = await morgan.http.post("/desk/acts", data=data)
    assert "Give 2 leads to whom?" in page_text(asked.text)
    assert "Ana" in asked.text
    assert leads.asked == []
    # Riley owns all of them, Alex is of another team of Morgan's: neither can take them.
    assert re.findall(r'<option value="(.+?)">(.+?)<', asked.text) == [(SAM, "Sam (0 leads)")]
    answer = await morgan.http.post("/desk/acts", data=data | {"sure": "yes", "to": SAM})
    assert {leads.state(one).owner for one in ("ana", "bo")} == {SAM}
    page = (await morgan.open(answer.headers["location"])).text
    assert "2 leads: Reassigned." in page_text(page)
    assert "Undo: give back to Riley" in page
    back = data | {"to": RILEY, "sure": "yes", "id": "2"}
    assert (await morgan.http.post("/desk/acts", data=back)).status_code == 303
    assert {leads.state(one).owner for one in ("ana", "bo")} == {RILEY}


async def test_the_numbers_of_the_team_are_links_to_lists_of_that_length(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    for lead in ("ana", "bo", "cy", "dee"):
        leads.lead(lead)
    await leads.act("bo", "accept", {"by": str(leads.state("bo").owner)})
    leads.wait("ana", minutes=61)
    morgan = sign_in(MORGAN)
    await morgan.open("/desk/team")
    numbers = NUMBER.findall(morgan.page)
    assert {path.partition("?")[0] for path, _ in numbers} >= {
        *("/desk/team", "/desk/week/accepted", "/desk/week/in-time", "/desk/week/breaches")
    }
    for path, number in numbers:
        listed = (await morgan.open(html.unescape(path))).text
        row = '<li class="card lead' if path.startswith("/desk/team") else '<th scope="row"'
        assert listed.count(row) == int(number), path


@pytest.mark.parametrize("outsider", [JONAS, MARA])
async def test_nobody_of_another_team_acts_on_a_lead_in_a_queue_or_learns_its_name(
    leads: SimulatedLeads, sign_in: SignIn, outsider: str
) -> None:
    for lead in ("ana", "bo"):
        leads.lead(lead)
    leads.lead("dora", country="DE")
    desk = sign_in(outsider)
    await desk.open("/desk/leads/dora")
    token = re.findall(r'name="token" value="([^"]+)"', desk.page)[0]
    for base in ("/desk", "/desk/team"):
        for do in ("accept", "touch", "reassign"):
            data = {"do": do, "lead": ["ana", "bo"], "back": base, "token": token, "to": JONAS}
            answer = await desk.http.post("/desk/acts", data=data | {"channel": "call"})
            assert "Northwind" not in page_text(answer.text).replace("Dora Northwind", "")
            assert "Ana" not in answer.text
    assert leads.asked == []
    for path in ("/desk?done=hold&on=ana", "/desk?open=touch+ana", "/desk?owner=" + RILEY):
        assert "Ana" not in (await desk.open(path)).text


async def test_a_queue_s_form_needs_the_token_of_its_session_and_comes_from_no_other_site(
    leads: SimulatedLeads, riley: DeskBrowser
) -> None:
    leads.lead("ana")
    await riley.open("/desk")
    for token in ("", "x"):
        answer = await riley.send("/desk/acts", token=token, one="accept ana ")
        assert answer.status_code == 403
    riley.headers = {"Sec-Fetch-Site": "cross-site"}
    await riley.open("/desk")
    assert (await riley.send("/desk/acts", one="accept ana ")).status_code == 403
    assert leads.asked == []
    back = await riley.open("/desk/acts")
    assert (back.status_code, back.headers["location"]) == (303, "/desk")


async def test_html_in_every_name_and_in_every_part_of_the_url_is_text(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.new_lead("ana", first_name=EVIL, company=EVIL, title=EVIL, phone=EVIL, timezone=EVIL)
    leads.event("ana", "form.submitted", "demo")
    evil = quote(EVIL)
    for person in (str(leads.state("ana").owner), MORGAN):
        desk = sign_in(person)
        base = "/desk/team" if person == MORGAN else "/desk"
        for query in (
            *("", f"?q={evil}", f"?owner={evil}", f"?group={evil}", f"?sort={evil}&stage={evil}"),
            *(
                f"?open=hold+{evil}",
                f"?done={evil}&on={evil}",
                "?open=hold+ana",
                f"?program={evil}",
            ),
        ):
            assert (await desk.open(base + query)).status_code == 200
            assert is_escaped(desk.page)
        for fields in ({"one": f"accept {evil}"}, {"do": "hold", "lead": EVIL, "back": EVIL}):
            answer = await desk.send("/desk/acts", **fields)
            assert answer.status_code in {404, 409, 422}
            assert is_escaped(answer.text)
        answer = await desk.send("/desk/acts", do="accept", lead="ana", back="//evil.example/desk")
        assert not answer.headers.get("location", "/desk").startswith("//")


async def test_all_leads_that_match_are_acted_on_after_a_confirmation_that_says_how_many(
    leads: SimulatedLeads, riley: DeskBrowser
) -> None:
    for lead in ("ana", "bo", "cy"):
        leads.lead(lead)
    await leads.act("cy", "accept", {"by": RILEY})
    await riley.open("/desk")
    assert "that match, on all pages" not in riley.page  # all are on this one
    token = {"token": re.findall(r'name="token" value="([^"]+)"', riley.page)[0]}
    every = {**token, "every": "yes", "do": "touch", "back": "/desk?stage=mql", "id": "1"}
    without = await riley.http.post("/desk/acts", data=every)
    assert (without.status_code, "Choose a channel." in without.text) == (422, True)
    asked = await riley.http.post("/desk/acts", data=every | {"channel": "call", "note": "a\nb"})
    assert "Log a touch: 2 leads?" in page_text(asked.text)
    assert leads.entries("ana", "touched") == []
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked.text))
    confirmed = re.findall(r'name="lead" value="([^"]+)"', asked.text)
    assert sorted(confirmed) == ["ana", "bo"]
    # What was confirmed is done, also if another lead matches by now.
    leads.lead("dee")
    answer = await riley.http.post("/desk/acts", data=form | {"lead": confirmed})
    assert "2 leads: " in page_text((await riley.open(answer.headers["location"])).text)
    notes = [leads.entries(one, "touched") for one in ("ana", "bo", "cy", "dee")]
    assert [len(one) for one in notes] == [1, 1, 0, 0]
    assert notes[0][0]["note"] == "a\nb"


async def test_no_confirmation_acts_on_more_leads_than_a_request_can_wait_for(
    leads: SimulatedLeads, riley: DeskBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_acts, "MOST_MATCHING", 2)
    for lead in ("ana", "bo", "cy"):
        leads.lead(lead)
    await riley.open("/desk")
    token = {"token": re.findall(r'name="token" value="([^"]+)"', riley.page)[0]}
    every = {**token, "do": "accept", "back": "/desk"}
    answer = await riley.http.post("/desk/acts", data=every | {"every": "yes"})
    assert "More than 2 leads match. Narrow the list" in page_text(answer.text)
    three = every | {"sure": "yes", "lead": ["ana", "bo", "cy"]}
    answer = await riley.http.post("/desk/acts", data=three)
    assert (answer.status_code, leads.asked) == (422, [])


async def test_all_that_match_are_those_of_the_person_s_own_queue(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.lead("ana")
    outsider = sign_in(JONAS)
    await outsider.open("/desk")
    token = re.findall(r'name="token" value="([^"]+)"', outsider.page)[0]
    for back in ("/desk", "/desk/team", "/desk/team?team=sdr"):
        data = {"token": token, "do": "accept", "every": "yes", "back": back}
        answer = await outsider.http.post("/desk/acts", data=data)
        assert (answer.status_code, "Select a lead first." in answer.text) == (422, True)
        assert "Ana" not in answer.text
