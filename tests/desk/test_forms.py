"""The forms of acts: what they do, and what the desk says if it can't be done."""

from __future__ import annotations

import re

import pytest
from temporalio.service import RPCError, RPCStatusCode

from adapters.temporal.client import TemporalUnavailableError
from models.directory import Directory
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    ALEX,
    JONAS,
    MORGAN,
    PEOPLE,
    RILEY,
    SAM,
    DeskBrowser,
    SimulatedLeads,
    hidden_value,
    page_text,
)


@pytest.fixture
def ana(leads: SimulatedLeads, sign_in: SignIn) -> DeskBrowser:
    """The desk of the owner of the lead `ana`."""
    leads.lead("ana")
    return sign_in(str(leads.state("ana").owner))


async def test_forms_work_a_lead_from_acceptance_to_a_won_deal_and_its_end(
    leads: SimulatedLeads, sign_in: SignIn, ana: DeskBrowser
) -> None:
    done = await ana.act("ana", "accept")
    assert done.headers["location"] == "/desk/leads/ana?done=accept"
    assert "Accepted." in (await ana.open(done.headers["location"])).text
    await ana.act("ana", "touch", channel="call", note="wants a quote")
    await ana.act("ana", "note", note="budget in May")
    await ana.act("ana", "hold", until="2026-03-04T09:30", why="their board meets")
    await ana.act("ana", "resume")
    await ana.act("ana", "qualify")
    assert leads.state("ana").owner == ALEX
    alex = sign_in(ALEX)
    await alex.open("/desk")
    assert "Accept Ana" in alex.page
    await alex.act("ana", "accept")
    await alex.act("ana", "open_opportunity", amount="24000.50", currency="USD")
    await alex.act("ana", "win", amount="26000")
    assert leads.state("ana").stage == "customer"
    assert leads.entries("ana", "won")[0]["amount"] == 26000
    page = page_text((await alex.open("/desk/leads/ana")).text)
    assert "wants a quote" in page
    assert "Won, 26000" in page
    form = (await alex.open("/desk/leads/ana")).text
    assert "The customer has left" in form
    left = await alex.act("ana", "churn", reason="no_response", until="2026-09-01T09:00")
    assert (
        "Recorded as a customer who has left." in (await alex.open(left.headers["location"])).text
    )
    assert leads.state("ana").stage == "recycled"
    assert leads.entries("ana", "recycled")[0]["until"] == "2026-09-01T13:00:00Z"


async def test_a_double_click_has_one_effect(leads: SimulatedLeads, ana: DeskBrowser) -> None:
    await ana.act("ana", "accept")
    await ana.open("/desk/leads/ana")
    form = {"do": "touch", "channel": "call", "id": hidden_value(ana.page, "id")}
    assert form["id"]
    for _ in range(2):
        assert (await ana.send("/desk/leads/ana/acts", **form)).status_code == 303
    assert len(leads.entries("ana", "touched")) == 1
    await ana.open("/desk/leads/ana")
    await ana.send("/desk/leads/ana/acts", **form | {"id": hidden_value(ana.page, "id")})
    assert len(leads.entries("ana", "touched")) == 2


async def test_a_refusal_is_shown_above_the_filled_form(
    leads: SimulatedLeads, ana: DeskBrowser
) -> None:
    await ana.act("ana", "accept")
    answer = await ana.act(
        "ana", "recycle", reason="no_response", until="2026-05-01T09:00", id="again"
    )
    assert answer.status_code == 409
    assert "Recycling for no_response needs 6 touches" in page_text(answer.text)
    assert '<option value="no_response" selected>' in answer.text
    assert 'value="2026-05-01T09:00"' in answer.text
    assert re.search(r"<details open>\s*<summary>Give back", answer.text)
    assert leads.state("ana").stage == "sal"
    # A browser that opens this URL again is redirected to the lead.
    back = await ana.open("/desk/leads/ana/acts")
    assert (back.status_code, back.headers["location"]) == (303, "/desk/leads/ana")


@pytest.mark.parametrize(
    "failure",
    [
        TemporalUnavailableError("away"),
        TimeoutError(),
        RPCError("away", RPCStatusCode.UNAVAILABLE, b""),
    ],
)
async def test_sending_an_unanswered_act_again_repeats_the_same_act(
    leads: SimulatedLeads, ana: DeskBrowser, failure: Exception
) -> None:
    await ana.act("ana", "accept")
    leads.failures.append(failure)
    answer = await ana.act("ana", "touch", channel="call", note="</textarea><b>", id="mine")
    assert answer.status_code == 503
    assert "Press the button again" in answer.text
    assert 'value="mine"' in answer.text
    assert "\n&lt;/textarea&gt;&lt;b&gt;</textarea>" in answer.text
    await ana.send("/desk/leads/ana/acts", do="touch", channel="call", id="mine")
    await ana.send("/desk/leads/ana/acts", do="touch", channel="call", id="mine")
    assert len(leads.entries("ana", "touched")) == 1


async def test_a_year_before_1000_is_read_and_refused_as_past(ana: DeskBrowser) -> None:
    await ana.open("/desk/leads/ana")
    fields = {"do": "hold", "until": "0001-01-01T12:00", "why": "x"}
    answer = await ana.send("/desk/leads/ana/acts", **fields)
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"do": "hold", "until": "soon", "why": "x"}, "'soon' is not a day and a time"),
        ({"do": "hold", "until": "2026-02-30T09:00", "why": "x"}, "is not a day and a time"),
        ({"do": "hold", "until": "9999-12-31T23:59", "why": "x"}, "is not a day and a time"),
        ({"do": "open_opportunity", "amount": "24,000", "currency": "USD"}, "'24,000' is not"),
        ({"do": "open_opportunity", "amount": "nan", "currency": "USD"}, "amount: must be"),
        ({"do": "open_opportunity", "amount": "1e999", "currency": "USD"}, "amount: must be"),
        ({"do": "note", "note": "x" * 10_001}, "note: is too long"),
        ({"do": "note", "note": "nul\0"}, "can't be written down"),
        ({"do": "reassign", "to": "x" * 300}, "to: is too long"),
        ({"do": "explode"}, "'explode' is not an act"),
        ({"do": ""}, "'' is not an act"),
    ],
)
async def test_a_malformed_act_is_refused_with_a_sentence(
    leads: SimulatedLeads, ana: DeskBrowser, fields: dict[str, str], expected: str
) -> None:
    await ana.open("/desk/leads/ana")
    answer = await ana.send("/desk/leads/ana/acts", **fields)
    assert answer.status_code == 422
    assert expected in page_text(answer.text)
    assert leads.asked == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"do": "open_opportunity", "amount": "-1", "currency": "USD"}, "amount of 0 or more"),
        ({"do": "open_opportunity", "amount": "5", "currency": "dollars"}, "a currency like USD"),
        ({"do": "open_opportunity"}, "needs an amount"),
        ({"do": "recycle"}, "needs a reason the program knows"),
        ({"do": "hold", "until": "2025-01-01T09:00", "why": "x"}, "yet to come"),
        ({"do": "note"}, "Note needs 'note'"),
        ({"do": "done", "task": "task-1"}, "this lead has none"),
        ({"do": "reassign", "to": JONAS}, "Reassign needs a member of team"),
    ],
)
async def test_the_lead_s_page_shows_the_refusal_of_the_rules(
    leads: SimulatedLeads, sign_in: SignIn, ana: DeskBrowser, fields: dict[str, str], expected: str
) -> None:
    await ana.act("ana", "accept")
    await ana.act("ana", "qualify")
    alex = sign_in(MORGAN)
    await alex.open("/desk/leads/ana")
    answer = await alex.send("/desk/leads/ana/acts", **fields)
    assert answer.status_code == 409
    assert expected in page_text(answer.text)
    assert leads.state("ana").stage == "sql"


@pytest.mark.parametrize(
    ("person", "local", "instant"),
    [
        # New York: clocks go from 02:00 to 03:00 on 8 March, back on 1 November 2026.
        (RILEY, "2026-03-07T09:00", "2026-03-07T14:00:00Z"),
        (RILEY, "2026-03-09T09:00", "2026-03-09T13:00:00Z"),
        (
            RILEY,
            "2026-03-08T02:30",
            "2026-03-08T07:30:00Z",
        ),  # a time in the gap
        # Berlin: clocks go from 02:00 to 03:00 on 29 March.
        (JONAS, "2026-03-28T09:00", "2026-03-28T08:00:00Z"),
        (JONAS, "2026-03-30T09:00", "2026-03-30T07:00:00Z"),
        # Sam has no zone, so the accept calendar's zone counts.
        (SAM, "2026-03-09T09:00", "2026-03-09T13:00:00Z"),
        (SAM, "2026-03-09T09:00+01:00", "2026-03-09T08:00:00Z"),
    ],
)
async def test_a_local_time_is_read_in_the_zone_of_its_writer(
    leads: SimulatedLeads, sign_in: SignIn, person: str, local: str, instant: str
) -> None:
    sdr = [one for one in PEOPLE["teams"]["sdr"]["members"] if one["email"] == person]
    teams = {**PEOPLE["teams"], "sdr": {"manager": MORGAN, "members": sdr}}
    leads.context.people.apply(Directory.model_validate({"teams": teams}))
    leads.lead("ana", country="DE" if person == JONAS else "US")
    desk = sign_in(person)
    assert (await desk.act("ana", "hold", until=local, why="holidays")).status_code == 303
    assert leads.entries("ana", "held")[0]["until"] == instant


async def test_a_manager_reassigns_a_lead_and_returns_to_the_team_page(
    leads: SimulatedLeads, sign_in: SignIn, ana: DeskBrowser
) -> None:
    owner = leads.state("ana").owner
    other = SAM if owner == RILEY else RILEY
    desk = sign_in(MORGAN)
    await desk.open("/desk/team")
    fields = {"do": "reassign", "to": other, "back": "team", "id": hidden_value(desk.page, "id")}
    answer = await desk.send("/desk/leads/ana/acts", **fields)
    assert answer.headers["location"] == "/desk/team"
    assert leads.state("ana").owner == other
    await ana.open("/desk")
    assert "Ana" not in ana.page


async def test_after_recycling_a_lead_a_person_sees_their_other_leads(
    leads: SimulatedLeads, ana: DeskBrowser
) -> None:
    done = await ana.act("ana", "recycle", reason="not_now")
    assert done.headers["location"] == "/desk?done=recycle"
    page = await ana.open(done.headers["location"])
    assert "Given back to marketing." in page.text
    assert leads.state("ana").stage == "recycled"
    assert (await ana.open("/desk/leads/ana")).status_code == 404


def lead_with_team_task(leads: SimulatedLeads) -> None:
    """The lead `ana`, whom the team `sdr` is to connect with on LinkedIn."""
    leads.new_lead("ana")
    leads.event("ana", "page.viewed", "/pricing")
    for _ in range(14):
        leads.wait("ana", days=1)


async def test_a_colleague_may_only_do_the_team_s_task(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    lead_with_team_task(leads)
    leads.event("ana", "form.submitted", "demo")
    (task,) = leads.state("ana").tasks
    owner = leads.state("ana").owner
    colleague = sign_in(SAM if owner == RILEY else RILEY)
    await colleague.open("/desk")
    assert "LinkedIn: Ana Northwind connect, mention the case study" in page_text(colleague.page)
    await colleague.open("/desk/leads/ana")
    assert re.findall(r'name="do" value="(\w+)"', colleague.page) == ["done"]
    assert (
        await colleague.send("/desk/leads/ana/acts", do="done", task=task.id)
    ).status_code == 303
    assert leads.state("ana").tasks == ()
    await colleague.open("/desk")
    assert "LinkedIn: Ana" not in page_text(colleague.page)


async def test_any_member_of_the_team_sees_the_lead_of_a_task_and_does_it_from_the_list(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    lead_with_team_task(leads)
    (task,) = leads.state("ana").tasks
    assert leads.state("ana").handoff is None
    member, outsider = sign_in(RILEY), sign_in(JONAS)
    assert (await outsider.open("/desk/leads/ana")).status_code == 404
    assert "connect" in page_text((await member.open("/desk/leads/ana")).text)
    await member.open("/desk")
    done = await member.send("/desk/leads/ana/acts", do="done", task=task.id, back="desk")
    assert (done.status_code, done.headers["location"]) == (303, "/desk?done=done")
    assert leads.state("ana").tasks == ()
    assert (await member.open("/desk/leads/ana")).status_code == 404


async def test_what_was_typed_is_shown_when_the_session_has_ended(
    leads: SimulatedLeads, sign_in: SignIn, owner: str
) -> None:
    desk = sign_in(owner)
    await desk.open("/desk/leads/ana")
    desk.http.cookies.clear()
    said = "they want <b>500</b> seats"
    answer = await desk.send("/desk/leads/ana/acts", do="note", note=said)
    assert answer.status_code == 401
    assert said in page_text(answer.text)
    assert hidden_value(answer.text, "to") == "/desk/leads/ana"
    assert leads.entries("ana", "noted") == []
    desk.headers = {"Sec-Fetch-Site": "cross-site"}
    foreign = await desk.send("/desk/leads/ana/acts", do="note", note=said)
    assert foreign.status_code == 403
    assert "seats" not in foreign.text
