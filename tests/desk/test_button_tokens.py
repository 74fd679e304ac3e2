"""The token in a button's URL: forged, cut, of something else, expired."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from adapters.mail.links import Purpose, SignedLinks
from tests.desk.lived_leads import LivedLeads, press
from tests.gateway.senders import MAIL, sent_mail
from usecases.context import Context


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path[:-1] + ("0" if path[-1] != "0" else "1"),
        lambda path: path[:-1],
        lambda path: path[:20],
        lambda path: path + "0",
        lambda path: path.replace("-0-", "-4-"),
        lambda path: path.replace("-0-", "-99-"),
        lambda _: "/a/x",
        lambda _: "/a/%00",
    ],
)
async def test_a_forged_or_cut_button_does_nothing(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str, spoil: Any
) -> None:
    path = spoil(leads.button("ana", owner, "accept"))
    for answer in (await http.get(path), await http.post(path)):
        assert answer.status_code == 404
        assert "Ana" not in answer.text
    assert leads.asked == []


@pytest.mark.parametrize("purpose", ["click", "unsubscribe", "preferences", "bounce", "visitor"])
async def test_a_token_for_something_else_is_no_button(
    http: httpx.AsyncClient, leads: LivedLeads, context: Context, owner: str, purpose: Purpose
) -> None:
    links = context.links
    token = leads.button("ana", owner, "accept").removeprefix("/a/")
    message = token.partition("-")[0]
    foreign = {
        "click": lambda: links.click(message, 0),
        "unsubscribe": lambda: links.unsubscribe(message),
        "preferences": lambda: links.preferences(message),
        "bounce": lambda: links.return_path(message).partition("@")[0].replace("+", "/"),
        "visitor": lambda: f"/{links.visitor(message)}",
    }[purpose]()
    answer = await http.post(f"/a/{foreign.rpartition('/')[2]}")
    assert answer.status_code == 404
    assert leads.asked == []


async def test_a_nurture_mail_has_no_buttons_though_its_token_were_signed(
    http: httpx.AsyncClient, leads: LivedLeads, context: Context, owner: str
) -> None:
    message = sent_mail(context.database)
    answer = await http.post(context.links.action(message, 0))
    assert MAIL in message
    assert answer.status_code == 404
    assert owner
    assert leads.asked == []


async def test_a_button_signed_with_another_secret_is_none(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str
) -> None:
    message = leads.button("ana", owner, "accept").removeprefix("/a/").partition("-")[0]
    foreign = SignedLinks(public_url="", mail_domain="", secret="t" * 40)
    assert (await http.post(foreign.action(message, 0))).status_code == 404
    assert leads.asked == []


async def test_a_button_expires(http: httpx.AsyncClient, leads: LivedLeads, owner: str) -> None:
    path = leads.button("ana", owner, "accept")
    leads.sent_ago(days=14, minutes=1)
    for answer in (await http.get(path), await http.post(path)):
        assert answer.status_code == 410
        assert "has expired" in answer.text
        assert "/desk/leads/ana" in answer.text
    assert leads.asked == []
    leads.sent_ago(days=13, hours=23)
    assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize("minutes", [5, -5])
async def test_a_button_of_a_machine_whose_clock_is_minutes_apart_works(
    http: httpx.AsyncClient, leads: LivedLeads, owner: str, minutes: int
) -> None:
    path = leads.button("ana", owner, "accept")
    leads.sent_ago(minutes=minutes)
    assert (await press(http, path)).status_code == 200
    assert leads.state("ana").stage == "sal"
