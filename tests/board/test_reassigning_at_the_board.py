"""Leads that wait for sales are given to somebody else from the lists of the board."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from gateway.web.desk_session import form_token
from models.directory import Directory
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    KIM,
    LOU,
    MORGAN,
    PEOPLE,
    RILEY,
    SAM,
    SESSION,
    DeskBrowser,
    SimulatedLeads,
    page_text,
)
from usecases.context import Context

UNASSIGNED = "/board/lists/unassigned"
NOT_MOVING = "/board/not-moving"


def people(manager: str = MORGAN, capacity: int = 0) -> Directory:
    """A team of which nobody has room."""
    members = [{"email": one, "name": one[:3], "capacity": capacity} for one in (RILEY, SAM)]
    sdr = {"manager": manager, "members": members}
    return Directory.model_validate(PEOPLE | {"teams": {**PEOPLE["teams"], "sdr": sdr}})


@pytest.fixture
def waiting(leads: SimulatedLeads, context: Context) -> SimulatedLeads:
    """Two leads without an owner."""
    context.people.apply(people())
    for name in ("ana", "bo"):
        leads.lead(name)
        assert leads.state(name).owner is None
    return leads


async def chosen(board: DeskBrowser, **fields: Any) -> str:
    """The page that asks, after leads of the list were selected."""
    await board.open(UNASSIGNED)
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', board.page))
    answer = await board.send("/board/reassign", **{**form, "to": SAM, **fields})
    assert answer.status_code == 200, answer.text
    return answer.text


def hidden(page: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page):
        fields.setdefault(name, []).append(html.unescape(value))
    return fields


async def test_an_admin_gives_selected_leads_to_somebody_in_the_managers_name(
    waiting: SimulatedLeads, sign_in: SignIn
) -> None:
    board = sign_in(KIM)
    await board.open(NOT_MOVING)
    assert f'action="{UNASSIGNED}"' in board.page
    page = await chosen(board, lead="ana")
    assert "Give 1 lead to sam?" in page_text(page)
    assert "in the name of the team's manager" in page_text(page)
    assert waiting.state("ana").owner is None, "nothing is done before it is confirmed"
    answer = await board.send("/board/reassign", **hidden(page))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{UNASSIGNED}?done=1")
    assert (waiting.state("ana").owner, waiting.state("bo").owner) == (SAM, None)
    assert [(do, fields["by"], fields["via"]) for _, do, fields in waiting.asked] == [
        ("reassign", MORGAN, f"board {KIM}")
    ]
    shown = page_text((await board.open(answer.headers["location"])).text)
    assert "Reassigned: 1." in shown
    assert "Ana" not in shown.partition("Reassigned")[2]


async def test_all_leads_of_a_list_are_given_to_somebody_at_once(
    waiting: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    context.people.apply(people(manager=LOU))
    board = sign_in(LOU)
    page = await chosen(board, every="yes")
    assert "Give 2 leads to sam?" in page_text(page)
    assert "manager's" not in page_text(page).partition("Give 2")[2]
    assert (await board.send("/board/reassign", **hidden(page))).status_code == 303
    assert {waiting.state(one).owner for one in ("ana", "bo")} == {SAM}
    assert {(fields["by"], fields["via"]) for _, _, fields in waiting.asked} == {(LOU, "board")}
    # Sent once more, it has no second effect; and the leads are his already.
    again = await board.send("/board/reassign", **hidden(page))
    assert again.status_code == 303
    assert len(waiting.alerts) == len({(lead, one.key) for lead, one in waiting.alerts})


async def test_what_is_refused_is_told_with_its_reason(
    waiting: SimulatedLeads, sign_in: SignIn
) -> None:
    waiting.lead("dora", country="DE")  # of another team, in which she has an owner
    board = sign_in(KIM)
    page = await chosen(board, lead=["ana", "dora"])
    answer = await board.send("/board/reassign", **hidden(page))
    assert answer.status_code == 409
    told = page_text(answer.text)
    assert "Reassigned: 1 of 2" in told
    assert "Reassign needs a member of team emea in 'to', not sam@acme.example." in told
    assert waiting.state("ana").owner == SAM


async def test_who_manages_no_team_and_is_no_admin_is_told_whom_to_ask(
    waiting: SimulatedLeads, sign_in: SignIn
) -> None:
    board = sign_in(LOU)
    await board.open(NOT_MOVING)
    assert f'action="{UNASSIGNED}"' not in board.page
    assert f'href="mailto:{MORGAN.replace("@", "%40")}"' in board.page
    await board.open(UNASSIGNED)
    assert 'name="lead"' not in board.page
    answer = await board.send(
        "/board/reassign", figure="unassigned", to=SAM, lead="ana", sure="yes"
    )
    assert answer.status_code == 403
    assert waiting.asked == []


async def test_only_a_form_of_ones_own_session_reassigns(
    waiting: SimulatedLeads, sign_in: SignIn
) -> None:
    form = {"figure": "unassigned", "to": SAM, "lead": "ana", "sure": "yes"}
    board, seller = sign_in(KIM), sign_in(JONAS)
    for wrong in ("", "x"):
        assert (await board.send("/board/reassign", token=wrong, **form)).status_code == 403
    stolen = form_token(board.http.cookies[SESSION])
    assert (await seller.send("/board/reassign", token=stolen, **form)).status_code == 403
    await board.open(UNASSIGNED)
    board.headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await board.send("/board/reassign", **form)).status_code == 403
    assert waiting.asked == []


async def test_a_form_that_is_incomplete_says_what_it_lacks(
    waiting: SimulatedLeads, sign_in: SignIn
) -> None:
    board = sign_in(KIM)
    whole: dict[str, Any] = {"figure": "unassigned", "to": SAM, "lead": "ana"}
    for wrong, status in (
        ({"figure": "leads"}, 404),
        ({"figure": "unassigned", "query": "x=1", "every": "yes"}, 404),
        ({"to": "nobody@x.example"}, 422),
        ({"lead": ["", "\0"]}, 422),
        ({"lead": [f"x{one}" for one in range(501)]}, 422),
    ):
        await board.open(UNASSIGNED)
        answer = await board.send("/board/reassign", **{**whole, **wrong})
        assert answer.status_code == status, wrong
    assert waiting.asked == []
    await board.open(UNASSIGNED)
    gone = await board.send("/board/reassign", **{**whole, "lead": "gone"}, sure="yes")
    assert gone.status_code == 404
    assert (await board.open("/board/reassign")).headers["location"] == NOT_MOVING


async def test_an_address_that_bounced_has_its_button_in_the_list(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.new_lead("ana")
    leads.event("ana", "email.bounced", "welcome", kind="hard")
    leads.new_lead("bo")
    leads.event("bo", "email.unsubscribed")
    board = sign_in(LOU)
    await board.open(NOT_MOVING)
    assert 'action="/board/lists/suppressed"' in board.page
    await board.open("/board/lists/suppressed")
    assert re.findall(r'action="/board/leads/(\w+)/reinstate"', board.page) == ["ana"]
