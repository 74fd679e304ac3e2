"""Every number of every page is a link, and its list has as many rows as the number says."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest

from adapters.reports.board_figures import FIGURES
from adapters.reports.figures import Asking, SqlFigures
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


def total_of(context: Context, path: str) -> int:
    """How many rows a list has."""
    name, _, words = path.removeprefix("/board/lists/").partition("?")
    only = {one: value or None for one, value in parse_qsl(words, keep_blank_values=True)}
    now = context.now()
    zone = ZoneInfo("America/New_York")  # Kim's
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    asking = Asking(now=now, today=today)
    return SqlFigures(context.database).listed(FIGURES[name], asking, only=only).total


async def test_every_number_is_as_long_as_its_list(
    board: DeskBrowser, leads: SimulatedLeads, context: Context
) -> None:
    positive = set()
    for page in PAGES:
        path = page.replace("OLD", leads.program.digest)
        numbers = _NUMBER.findall((await board.open(path)).text)
        assert numbers
        for path, number in dict.fromkeys(numbers):
            shown = int(number.replace(",", ""))
            if not shown:  # most numbers; the list is asked for without its page
                assert total_of(context, html.unescape(path)) == 0, (page, path)
                continue
            assert await length_of(board, html.unescape(path)) == shown, (page, path)
            positive.add(path.partition("?")[0].rpartition("/")[2])
    assert positive >= {"in-flight", "open-handoffs", "overdue", "mails-today", "not-moving"}
    assert positive >= {"entered", "went-on", "left", "mails-sent"}


async def test_a_list_that_is_none_is_a_page_that_says_so(sign_in: SignIn) -> None:
    board = sign_in(KIM)
    for path in ("nothing", "here?nothing=1", "here?program=%00", "%00"):
        answer = await board.open(f"/board/lists/{path}")
        assert answer.status_code == 404
        assert "<h1>" in answer.text


async def test_every_list_opens_whatever_narrows_it(sign_in: SignIn) -> None:
    board = sign_in(KIM)
    for figure, found in FIGURES.items():
        stage = "&stage=known" if "stage" in found.source.dimensions else ""
        for only in ("", f"?program=acme{stage}&track=&step=%27", "?why=x&age=week&page=3"):
            assert (await board.open(f"/board/lists/{figure}{only}")).status_code == 200


def test_a_figure_is_found_by_its_name() -> None:
    assert all(name == one.name for name, one in FIGURES.items())
