"""Every number of every page is a link, and its list has as many rows as the number says."""

from __future__ import annotations

import html
import re

import pytest

from adapters.reports.board_figures import FIGURES
from tests.board.busy_program import play
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import KIM, DeskBrowser, SimulatedLeads
from usecases.context import Context

PAGES = (
    "/board",
    "/board/programs/acme",
    "/board/programs/acme?version=OLD",
    "/board/not-moving",
    "/board/programs/acme/not-moving",
    "/board/programs/acme/change",
)

_NUMBER = re.compile(r'<a class="number[^"]*" href="([^"]+)">([\d,]+)</a>')


async def length_of(board: DeskBrowser, path: str) -> int:
    """How many rows a list has on all its pages together."""
    rows, number = 0, 1
    while True:
        answer = await board.open(f"{path}{'&' if '?' in path else '?'}page={number}")
        assert answer.status_code == 200, path
        rows += answer.text.count('<th scope="row">')
        if 'rel="next"' not in answer.text:
            return rows
        number += 1


@pytest.fixture
async def board(leads: SimulatedLeads, context: Context, sign_in: SignIn) -> DeskBrowser:
    await play(leads, context)
    return sign_in(KIM)


async def test_every_number_is_as_long_as_its_list(
    board: DeskBrowser, leads: SimulatedLeads
) -> None:
    positive = set()
    for page in PAGES:
        path = page.replace("OLD", leads.program.digest)
        numbers = _NUMBER.findall((await board.open(path)).text)
        assert numbers
        for path, number in dict.fromkeys(numbers):
            shown = int(number.replace(",", ""))
            assert await length_of(board, html.unescape(path)) == shown, (page, path)
            if shown:
                positive.add(path.partition("?")[0].rpartition("/")[2])
    assert positive >= {"in-flight", "open-handoffs", "overdue", "mails-today", "not-moving"}


async def test_a_list_that_is_none_is_a_page_that_says_so(sign_in: SignIn) -> None:
    board = sign_in(KIM)
    for path in ("nothing", "here?nothing=1", "here?program=%00", "%00"):
        answer = await board.open(f"/board/lists/{path}")
        assert answer.status_code == 404
        assert "<h1>" in answer.text


async def test_every_list_opens_whatever_narrows_it(sign_in: SignIn) -> None:
    board = sign_in(KIM)
    for figure in FIGURES:
        for only in ("", "?program=acme&stage=known&track=&step=%27", "?why=x&age=week&page=3"):
            assert (await board.open(f"/board/lists/{figure}{only}")).status_code == 200


def test_a_figure_is_found_by_its_name() -> None:
    assert all(name == one.name for name, one in FIGURES.items())
