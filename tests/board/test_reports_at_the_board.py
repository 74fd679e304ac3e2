"""Reports at the board: every figure links to what it counts, and a link can be shared."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest

from gateway.board.answers import Answers
from gateway.web.desk_session import path_within_desk
from tests.board.busy_program import play
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import KIM, RILEY, DeskBrowser, SimulatedLeads, page_text
from tests.waiting import until
from usecases.context import Context
from usecases.reporting import NAMES

_FIGURE = re.compile(r'<a class="number" href="([^"]+)">([^<]+)</a>')


async def computed(board: DeskBrowser, path: str) -> httpx.Response:
    """The page as soon as its report is there."""

    async def shown() -> httpx.Response | None:
        answer = await board.open(html.unescape(path))
        return None if "data-refresh" in answer.text else answer

    answer: httpx.Response = await until(shown)
    return answer


async def test_every_report_opens_and_its_counts_are_as_long_as_their_lists(
    leads: SimulatedLeads, context: Context, sign_in: SignIn
) -> None:
    await play(leads, context)
    board = sign_in(KIM)
    assert (await board.open("/board/reports")).headers["location"] == "/board/reports/funnel"
    counts: dict[str, tuple[str, int]] = {}
    for name in NAMES:
        answer = await computed(board, f"/board/reports/{name}")
        assert answer.status_code == 200, name
        assert "As of" in page_text(board.page)
        for path, shown in _FIGURE.findall(answer.text):
            if shown.isdecimal():
                counts.setdefault(name, (path, int(shown)))
    assert len(counts) >= 3
    for path, number in counts.values():
        listed = await computed(board, path)
        assert listed.text.count('<th scope="row">') == number, path
    # As a file, and by cohort and program.
    file = await computed(board, "/board/reports/funnel/csv?by=month&by=program&program=acme")
    assert file.headers["content-type"].startswith("text/csv")
    assert "2026-03 · acme" in file.text


async def test_a_shared_link_shows_the_same_figures_and_survives_signing_in(
    leads: SimulatedLeads, sign_in: SignIn, http: httpx.AsyncClient
) -> None:
    leads.new_lead("ana")
    board = sign_in(KIM)
    shown = (await computed(board, "/board/reports/funnel?by=source")).text
    found = re.search(r'href="https://go.acme.example([^"]+)">Link to these figures', shown)
    assert found is not None
    link = html.unescape(found[1])
    assert "as_of=2026-" in link
    leads.wait("ana", hours=1)
    leads.new_lead("bo")
    assert _FIGURE.findall((await computed(board, link)).text) == _FIGURE.findall(shown)
    stranger = await http.get(link)
    to = httpx.URL(stranger.headers["location"]).params["to"]
    assert to == link
    assert path_within_desk(link) == link


@pytest.mark.parametrize(
    "path",
    [
        *("/board/..//evil.example", "/board/x?to=//evil.example", "//evil.example/board/"),
        *("/board/x\r\nLocation: y", "/board/\\evil", "/desk/leads/a?b=c", "/board/" + "x" * 2_000),
    ],
)
def test_a_path_that_may_lead_elsewhere_is_not_returned_to(path: str) -> None:
    assert path_within_desk(path) == "/desk"


async def test_what_is_wrong_in_a_question_is_said(sign_in: SignIn, leads: SimulatedLeads) -> None:
    leads.new_lead("ana")
    board = sign_in(KIM)
    for path, status in (
        *(("nothing", 404), ("funnel?program=acne", 422), ("funnel?since=x", 422)),
        *(("funnel?by=person", 422), ("funnel?since=%00", 422), ("funnel/leads?row=x", 422)),
    ):
        assert (await computed(board, f"/board/reports/{path}")).status_code == status, path
        assert "<h1>" in board.page
    assert (await sign_in(RILEY).open("/board/reports/funnel")).status_code == 403


async def test_an_answer_that_takes_long_is_made_once_and_a_failure_is_not_kept() -> None:
    answers, made = Answers(patience=0.01), []
    ready: Any = httpx  # any value that is not yet the answer

    async def make() -> str:
        made.append(1)
        await until(lambda: ready is None)
        return "found"

    assert await answers.get("asked", make) is None
    assert await answers.get("asked", make) is None
    ready = None
    assert await until(lambda: answers.get("asked", make)) == "found"
    assert len(made) == 1
