"""Changes from the board: pause, resume, and publishing an earlier version again."""

from __future__ import annotations

import pytest

from adapters.files.program import read_program
from gateway.web.desk_session import form_token
from tests.board.busy_program import PROGRAMS as _PROGRAMS
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import (
    JONAS,
    KIM,
    LOU,
    SESSION,
    DeskBrowser,
    SimulatedLeads,
    hidden_value,
    page_text,
)
from usecases.context import Context
from usecases.pausing import pause

FORMS = ("pause", "resume", "review", "publish")
CHANGE = "/board/programs/acme/change"


@pytest.fixture
async def board(leads: SimulatedLeads, context: Context, sign_in: SignIn) -> DeskBrowser:
    """A board where two versions were published and the program is paused."""
    leads.new_lead("ana")
    newer = read_program(_PROGRAMS / "acme-2.yaml")
    context.programs.publish(newer, by=KIM, note="a gentler second track")
    pause(context.database, "acme", by=KIM)
    return sign_in(LOU)


async def test_a_program_is_resumed_and_paused(board: DeskBrowser, context: Context) -> None:
    await board.open(CHANGE)
    assert "It is paused" in board.page
    for do, paused in (("resume", False), ("pause", True), ("pause", True)):
        answer = await board.send(f"/board/programs/acme/{do}")
        assert (answer.status_code, answer.headers["location"]) == (303, CHANGE)
        assert context.programs.paused("acme") is paused


async def test_versions_are_compared_in_words(board: DeskBrowser, leads: SimulatedLeads) -> None:
    text = page_text((await board.open(CHANGE)).text)
    assert "They say the same" not in text
    assert "a gentler second track" in text
    same = await board.open(f"{CHANGE}?old={leads.program.digest}&new={leads.program.digest}")
    assert "They say the same" in same.text
    assert (await board.open(f"{CHANGE}?old=nothing")).status_code == 404


async def test_an_earlier_version_is_published_again_after_a_look_at_what_it_changes(
    board: DeskBrowser, leads: SimulatedLeads, context: Context
) -> None:
    earlier = leads.program.digest
    await board.open(CHANGE)
    shown = await board.send(
        "/board/programs/acme/review", version=earlier, in_flight="finish", note="too gentle"
    )
    assert "What it does to leads in flight" in page_text(shown.text)
    assert context.programs.newest_digest("acme") != earlier
    fields = {
        name: hidden_value(shown.text, name) for name in ("version", "newest", "in_flight", "note")
    }
    assert (await board.send("/board/programs/acme/publish", **fields)).status_code == 303
    latest = context.programs.publications("acme", most=1)[0]
    assert (latest.digest, latest.by, latest.in_flight, latest.note) == (
        *(earlier, LOU, "finish", "too gentle"),
    )
    await board.open(CHANGE)
    stale = await board.send("/board/programs/acme/publish", **fields)
    assert stale.status_code == 409
    assert "Nothing was changed" in page_text(stale.text)


async def test_a_malformed_publication_is_refused(
    board: DeskBrowser, leads: SimulatedLeads, context: Context
) -> None:
    before = context.programs.publications("acme")
    for fields, status in (
        ({"version": leads.program.digest}, 422),
        ({"version": leads.program.digest, "in_flight": "all"}, 422),
        ({"version": "x", "in_flight": "pin"}, 404),
        ({"in_flight": "pin"}, 404),
    ):
        await board.open(CHANGE)
        answer = await board.send("/board/programs/acme/review", **fields)
        assert answer.status_code == status
        newest = context.programs.newest_digest("acme")
        await board.open(CHANGE)
        answer = await board.send("/board/programs/acme/publish", newest=newest, **fields)
        assert answer.status_code == status
    assert context.programs.publications("acme") == before


async def test_only_a_form_of_marketing_s_own_session_changes_anything(
    board: DeskBrowser, leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    before = (context.programs.publications("acme"), context.programs.paused("acme"))
    fields = {"version": leads.program.digest, "newest": "", "in_flight": "pin"}
    seller, other = sign_in(JONAS), sign_in(KIM)
    await other.open(CHANGE)
    own = form_token(seller.http.cookies[SESSION])
    for path in (f"/board/programs/acme/{form}" for form in FORMS):
        board.headers = {}
        assert (await seller.send(path, token=own, **fields)).status_code == 403
        for token in ("", "x", hidden_value(other.page, "token")):
            assert (await board.send(path, token=token, **fields)).status_code == 403
        await board.open(CHANGE)
        board.headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await board.send(path, **fields)).status_code == 403
        assert (await board.open(path)).headers["location"] == CHANGE
    assert (context.programs.publications("acme"), context.programs.paused("acme")) == before


async def test_a_form_for_a_program_that_is_none_changes_nothing(board: DeskBrowser) -> None:
    for form in FORMS:
        await board.open(CHANGE)
        assert (await board.send(f"/board/programs/none/{form}")).status_code == 404
