"""The buttons of alerts: one act, for the person who got the alert, about one handoff."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from adapters.mail.alert_card import ACTIONS
from adapters.mail.links import Purpose, SignedLinks
from adapters.temporal.client import TemporalUnavailableError
from tests.desk.simulated_leads import (
    JONAS,
    MORGAN,
    SimulatedLeads,
    colleague_of,
    hidden_value,
    page_text,
    press_button,
)
from tests.gateway.stored_rows import MAIL, store_sent_mail
from usecases.context import Context


async def test_a_button_shows_its_act_and_does_it_when_it_is_sent(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    ready = await http.get(path)
    assert ready.status_code == 200
    assert f"You act as {owner}." in page_text(ready.text)
    assert "Accept by Mon 10:00 EST" in page_text(ready.text)
    done = await press_button(http, path)
    assert (done.status_code, "Accepted." in done.text) == (200, True)
    ((lead, do, fields),) = leads.asked
    assert (lead, do, fields["by"]) == ("ana", "accept", owner)


async def test_a_scanner_that_follows_a_button_changes_nothing(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    for ask in (http.get, http.head, http.options):
        for _ in range(3):
            await ask(path)
    assert leads.asked == []
    assert leads.state("ana").stage == "mql"


async def test_a_second_click_says_what_was_done_by_whom_and_when(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path, names = leads.button("ana", owner, "accept"), leads.context.people.directory().names
    await press_button(http, path)
    leads.wait("ana", minutes=20)
    for again in (await http.get(path), await http.post(path)):
        assert again.status_code == 200
        expected = page_text(again.text)
        assert "This was done already." in expected
        assert f"Accepted by {names[owner]}" in expected
        assert "Mon 09:00 EST" in expected
    assert len(leads.asked) == 1


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
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str, spoil: Any
) -> None:
    path = spoil(leads.button("ana", owner, "accept"))
    for answer in (await http.get(path), await http.post(path)):
        assert answer.status_code == 404
        assert "Ana" not in answer.text
    assert leads.asked == []


@pytest.mark.parametrize("purpose", ["click", "unsubscribe", "preferences", "bounce", "visitor"])
async def test_a_token_for_another_purpose_is_not_a_button(
    http: httpx.AsyncClient, leads: SimulatedLeads, context: Context, owner: str, purpose: Purpose
) -> None:
    links = context.links
    token = leads.button("ana", owner, "accept").removeprefix("/a/")
    message = token.partition("-")[0]
    foreign = {
        "click": lambda: links.click(message, 0),
        "unsubscribe": lambda: links.unsubscribe(message, "ana@northwind.example"),
        "preferences": lambda: links.preferences(message),
        "bounce": lambda: links.return_path(message).partition("@")[0].replace("+", "/"),
        "visitor": lambda: f"/{links.visitor(message)}",
    }[purpose]()
    answer = await http.post(f"/a/{foreign.rpartition('/')[2]}")
    assert answer.status_code == 404
    assert leads.asked == []


async def test_a_signed_token_of_a_nurture_mail_is_not_a_button(
    http: httpx.AsyncClient, leads: SimulatedLeads, context: Context, owner: str
) -> None:
    message = store_sent_mail(context.database)
    answer = await http.post(context.links.action(message, 0))
    assert MAIL in message
    assert answer.status_code == 404
    assert owner
    assert leads.asked == []


async def test_a_button_signed_with_another_secret_does_not_work(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    message = leads.button("ana", owner, "accept").removeprefix("/a/").partition("-")[0]
    foreign = SignedLinks(public_url="", mail_domain="", secret="t" * 40)
    assert (await http.post(foreign.action(message, 0))).status_code == 404
    assert leads.asked == []


async def test_a_button_expires(http: httpx.AsyncClient, leads: SimulatedLeads, owner: str) -> None:
    path = leads.button("ana", owner, "accept")
    leads.set_age_of_alerts(days=14, minutes=1)
    for answer in (await http.get(path), await http.post(path)):
        assert answer.status_code == 410
        assert "has expired" in answer.text
        assert "/desk/leads/ana" in answer.text
    assert leads.asked == []
    leads.set_age_of_alerts(days=13, hours=23)
    assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize("minutes", [5, -5])
async def test_a_button_works_if_the_clock_of_its_sender_differs_by_minutes(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str, minutes: int
) -> None:
    path = leads.button("ana", owner, "accept")
    leads.set_age_of_alerts(minutes=minutes)
    assert (await press_button(http, path)).status_code == 200
    assert leads.state("ana").stage == "sal"


async def test_a_button_ignores_person_lead_and_act_in_its_form(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    leads.lead("dora", country="DE")
    path = leads.button("ana", owner, "accept")
    forged = {"by": MORGAN, "lead": "dora", "do": "recycle", "reason": "not_now", "handoff": "7"}
    assert (await press_button(http, path, **forged)).status_code == 200
    ((lead, do, fields),) = leads.asked
    assert (lead, do, fields["by"]) == ("ana", "accept", owner)
    assert leads.state("dora").owner == JONAS


async def test_a_manager_can_use_a_reassign_button_more_than_once(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    leads.wait("ana", hours=5)  # the clock has run out, and the other has the lead
    assert leads.state("ana").owner == colleague_of(owner)
    path = leads.button("ana", MORGAN, "reassign", why="breached")
    for to in (owner, colleague_of(owner), owner):
        done = await press_button(http, path, to=to)
        assert "Reassigned." in page_text(done.text)
        assert leads.state("ana").owner == to


async def test_a_touch_button_works_again_but_a_double_click_logs_one_touch(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    await leads.act("ana", "accept", {"by": owner})
    leads.event("ana", "form.submitted", "demo")
    path = leads.button("ana", owner, "touch", why="hand_raise")
    ready = await http.get(path)
    form = {"channel": "call", "id": hidden_value(ready.text, "id")}
    for _ in range(2):
        assert (await http.post(path, data=form)).status_code == 200
    assert len(leads.entries("ana", "touched")) == 1
    await press_button(http, path, channel="email")
    assert len(leads.entries("ana", "touched")) == 2


async def test_a_refused_button_shows_what_was_filled_in(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    await leads.act("ana", "accept", {"by": owner})
    leads.event("ana", "form.submitted", "demo")
    path = leads.button("ana", owner, "recycle", why="hand_raise")
    refused = await press_button(http, path, reason="no_response", until="2026-05-01T09:00")
    assert refused.status_code == 409
    assert "needs 6 touches" in page_text(refused.text)
    assert '<option value="no_response" selected>' in refused.text
    assert 'value="2026-05-01T09:00"' in refused.text
    wrong = await press_button(http, path, reason="not_now", until="soon")
    assert wrong.status_code == 422
    assert "'soon' is not a day and a time" in page_text(wrong.text)
    done = await press_button(http, path, reason="not_now")
    assert "Given back to marketing." in page_text(done.text)


async def test_pressing_an_unanswered_button_again_repeats_the_same_act(
    http: httpx.AsyncClient, leads: SimulatedLeads, owner: str
) -> None:
    path = leads.button("ana", owner, "accept")
    leads.failures.append(TemporalUnavailableError("away"))
    away = await press_button(http, path)
    assert away.status_code == 503
    assert "Press the button again" in away.text
    done = await http.post(path, data={"id": hidden_value(away.text, "id")})
    assert "Accepted." in done.text


def test_the_order_of_the_buttons_does_not_change() -> None:
    assert ACTIONS == ("accept", "touch", "qualify", "recycle", "reassign")
