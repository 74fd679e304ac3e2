"""What the pages of the board show, and how they show input from outside."""

from __future__ import annotations

import re

import httpx

from models.directory import Directory
from tests.board.busy_program import play
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import KIM, LOU, PEOPLE, SimulatedLeads, page_text
from tests.desk.test_pages import EVIL, is_escaped
from usecases.context import Context

PAGES = (
    "/board",
    "/board/programs/acme",
    "/board/programs/acme/not-moving",
    "/board/programs/acme/change",
    "/board/changes",
    "/board/not-moving",
    "/board/leads",
    "/board/leads?q=ana",
    "/board/leads/ana",
    "/board/lists/leads",
)


async def test_a_program_shows_who_stands_at_which_step_and_which_steps_are_gone(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    await play(leads, context)
    board = sign_in(KIM)
    text = page_text((await board.open("/board/programs/acme")).text)
    assert "Versions with leads in flight" in text
    assert "a gentler second track" in text
    assert "send welcome" in text
    assert "paused" in text
    older = page_text(
        (await board.open(f"/board/programs/acme?version={leads.program.digest}")).text
    )
    assert f"on version {leads.program.digest[:12]}" in older
    assert "Steps that are gone" not in older
    for wrong in (
        "/board/programs/none",
        "/board/programs/acme?version=zzz",
        "/board/programs/%00",
    ):
        assert (await board.open(wrong)).status_code == 404


async def test_not_moving_says_why_and_what_one_can_do(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    await play(leads, context)
    text = page_text((await sign_in(LOU).open("/board/not-moving")).text)
    for expected in ("bounced 0 0 1 1", "acme is paused", "Handoff overdue", "Resume acme"):
        assert expected in text


async def test_a_lead_is_found_by_name_company_address_and_id(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.new_lead("ana", last_name="Äkäslompolo", company="100% Ünder_score")
    leads.new_lead("bo")
    board = sign_in(LOU)
    for find in ("ÄKÄSLOM", "100% ünder", "ana@northwind", "ANA ä", "ana"):
        text = page_text((await board.open("/board/leads", params={"q": find})).text)
        assert "Leads 1" in text, find
        assert "Äkäslompolo" in text
    for find in ("%", "_"):
        assert "Leads 1" in page_text((await board.open("/board/leads", params={"q": find})).text)
    for find in ("' OR 1=1 --", "\0", "nobody"):
        text = page_text((await board.open("/board/leads", params={"q": find})).text)
        assert "Äkäslompolo" not in text
    await board.open("/board/leads/ana")
    assert "Why not further" in board.page
    assert "track" in board.page
    assert (await board.open("/board/leads/nobody")).status_code == 404
    assert (await board.open("/board/leads/%00")).status_code == 404


async def test_input_from_outside_is_shown_as_text_on_every_page(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    marketing = [{"email": KIM, "name": EVIL, "role": "admin"}]
    context.people.apply(Directory.model_validate({**PEOPLE, "marketing": marketing}))
    leads.new_lead("ana", first_name=EVIL, last_name=EVIL, company=EVIL, title=EVIL, source=EVIL)
    leads.event("ana", "odd.thing", EVIL)
    context.programs.publish(leads.program, by=EVIL, note=EVIL, in_flight="migrate")
    board = sign_in(KIM)
    for path in PAGES:
        answer = await board.open(path)
        assert answer.status_code == 200, path
        assert is_escaped(answer.text), path
        assert EVIL in re.sub(r"\s+", " ", page_text(answer.text)), path
    for path in ("/board/lists/here", "/board/leads", "/board/programs/acme"):
        for name in ("q", "why", "program", "version"):
            assert is_escaped((await board.open(path, params={name: EVIL})).text)


async def test_every_page_forbids_foreign_scripts_and_says_what_it_is(
    leads: SimulatedLeads, sign_in: SignIn
) -> None:
    leads.new_lead("ana")
    board = sign_in(LOU)
    for path in PAGES:
        check_headers(await board.open(path))


def check_headers(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.count("<h1>") == 1
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script>|javascript:", answer.text)


async def test_every_page_is_for_marketing_alone(leads: SimulatedLeads, sign_in: SignIn) -> None:
    leads.new_lead("ana")
    seller = sign_in("riley@acme.example")
    for path in PAGES:
        answer = await seller.open(path)
        assert answer.status_code == 403
        assert "Northwind" not in answer.text
