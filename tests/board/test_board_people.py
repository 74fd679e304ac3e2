"""Who sees the board, and how they sign in."""

from __future__ import annotations

import re

import httpx
import pytest

from models.directory import Directory
from tests.desk.conftest import SignIn
from tests.desk.simulated_leads import KIM, LOU, MORGAN, PEOPLE, RILEY, page_text
from tests.fakes import FakeMailer
from usecases.context import Context


@pytest.mark.parametrize("person", [KIM, LOU])
async def test_a_person_of_marketing_signs_in_by_a_link_and_lands_at_the_board(
    http: httpx.AsyncClient, mailer: FakeMailer, person: str
) -> None:
    asked = await http.get("/board")
    assert asked.headers["location"] == "/desk/sign-in?to=/board"
    await http.post("/desk/sign-in", data={"email": person, "to": "/board"})
    found = re.search(r"https://go.acme.example(/desk/in/\S+)\?to=/board", mailer.sent[-1].text)
    assert found is not None
    entered = await http.post(found[1], data={"to": "/board"})
    assert entered.headers["location"] == "/board"
    assert "Programs" in page_text((await http.get("/board")).text)
    assert (await http.get("/desk")).headers["location"] == "/board"


@pytest.mark.parametrize("person", [RILEY, MORGAN])
async def test_the_board_is_not_for_people_of_sales(sign_in: SignIn, person: str) -> None:
    desk = sign_in(person)
    assert (await desk.open("/board")).status_code == 403
    assert "under marketing" in page_text(desk.page)
    await desk.open("/desk")
    assert "/board" not in desk.page


async def test_who_leaves_the_list_is_signed_out(context: Context, sign_in: SignIn) -> None:
    board = sign_in(LOU)
    assert (await board.open("/board")).status_code == 200
    context.people.apply(Directory.model_validate({**PEOPLE, "marketing": PEOPLE["marketing"][:1]}))
    answer = await board.open("/board")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in?to=/board")


async def test_who_is_of_sales_and_of_marketing_has_links_between_desk_and_board(
    context: Context, sign_in: SignIn
) -> None:
    both = [*PEOPLE["marketing"], {"email": MORGAN, "role": "admin"}]
    context.people.apply(Directory.model_validate({**PEOPLE, "marketing": both}))
    browser = sign_in(MORGAN)
    assert 'href="/board"' in (await browser.open("/desk")).text
    assert 'href="/desk"' in (await browser.open("/board")).text


async def test_a_missing_page_of_the_board_is_a_page(sign_in: SignIn) -> None:
    answer = await sign_in(KIM).open("/board/nothing")
    assert answer.status_code == 404
    assert "<h1>" in answer.text
