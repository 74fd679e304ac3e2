"""Unsubscribing and subscribing again: one click, a page, a pause."""

from __future__ import annotations

import httpx
import pytest

from adapters.sql.database import Database
from adapters.sql.suppressions import SqlSuppressionList
from tests.gateway.stored_rows import intake_bodies, store_lead, store_sent_mail
from usecases.context import Context

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ADDRESS = "ana@northwind.example"


async def test_one_click_unsubscribes_at_once_without_cookie_or_redirect(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    url = context.links.unsubscribe(store_sent_mail(database), ADDRESS)
    for _ in range(2):
        answer = await http.post(url, data=ONE_CLICK)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert context.mail_ledger.suppression(ADDRESS, operational=False) == "unsubscribed"
    assert [one["type"] for one in intake_bodies(database)] == ["email.unsubscribed"]


async def test_an_address_in_two_spellings_is_suppressed_once(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    SqlSuppressionList(database).add(" Ana@NORTHWIND.example", "unsubscribed", at=context.now())
    answer = await http.get(context.links.unsubscribe(store_sent_mail(database), ADDRESS))
    assert "You are unsubscribed" in answer.text


async def test_one_click_may_come_as_a_form_of_parts(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    url = context.links.unsubscribe(store_sent_mail(database), ADDRESS)
    answer = await http.post(url, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert context.mail_ledger.suppression(ADDRESS, operational=False) == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_scanner_that_follows_the_link_unsubscribes_nobody(
    http: httpx.AsyncClient, context: Context, database: Database, method: str
) -> None:
    message = store_sent_mail(database)
    for url in (
        context.links.unsubscribe(message, ADDRESS),
        context.links.preferences(message),
        context.links.confirm(message),
    ):
        await http.request(method, url)
    assert intake_bodies(database) == []
    assert context.mail_ledger.suppression(ADDRESS, operational=False) is None


async def test_the_page_needs_no_script_and_shows_no_address(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    answer = await http.get(context.links.unsubscribe(store_sent_mail(database), ADDRESS))
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert 'name="viewport"' in answer.text
    assert "a\u2026@northwind.example" in answer.text
    assert ADDRESS not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_post_without_the_word_changes_nothing(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    url = context.links.unsubscribe(store_sent_mail(database), ADDRESS)
    assert (await http.post(url)).status_code == 422
    assert (await http.post(url, data={"List-Unsubscribe": "maybe"})).status_code == 422
    assert intake_bodies(database) == []


async def test_a_link_unsubscribes_if_the_row_of_its_mail_is_lost(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    store_lead(database)
    url = context.links.unsubscribe("fedcba9876543210@acme.example", "Ana@Northwind.example")
    shown = await http.get(url)
    assert "Unsubscribe?" in shown.text
    assert ADDRESS not in shown.text + url
    assert context.mail_ledger.suppression(ADDRESS, operational=False) is None
    for _ in range(2):
        answer = await http.post(url, data=ONE_CLICK)
        assert answer.status_code == 200
    assert context.mail_ledger.suppression(ADDRESS, operational=False) == "unsubscribed"
    assert [(one["lead"], one["type"]) for one in intake_bodies(database)] == [
        ("ana", "email.unsubscribed")
    ]
    assert "You are unsubscribed" in (await http.get(url)).text


async def test_a_link_of_an_older_release_or_with_another_address_unsubscribes_nobody_unknown(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    mail, others = "fedcba9876543210@acme.example", "0011223344556677@acme.example"
    url = context.links.unsubscribe(mail, ADDRESS)
    plain, _, sealed = url.rpartition(".")
    foreign = context.links.unsubscribe(others, "bo@northwind.example").rpartition(".")[2]
    for broken in (plain, f"{plain}.{foreign}", f"{plain}.{sealed[:-2]}", f"{plain}.ä", f"{url}.x"):
        assert (await http.post(broken, data=ONE_CLICK)).status_code == 404
    assert list(SqlSuppressionList(database).all()) == []
    known = store_sent_mail(database)  # its row says whose it is
    old = context.links.unsubscribe(known, ADDRESS).rpartition(".")[0]
    assert (await http.post(old, data=ONE_CLICK)).status_code == 200
    assert context.mail_ledger.suppression(ADDRESS, operational=False) == "unsubscribed"


async def test_a_recipient_who_subscribes_again_gets_mail_again(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    await http.post(context.links.unsubscribe(message, ADDRESS), data=ONE_CLICK)
    answer = await http.post(context.links.preferences(message), data={"wish": "resume"})
    assert answer.status_code == 200
    assert context.mail_ledger.suppression(ADDRESS, operational=False) is None
    assert [one["type"] for one in intake_bodies(database)] == [
        "email.unsubscribed",
        "email.resubscribed",
    ]


async def test_a_recipient_may_pause(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    url = context.links.preferences(store_sent_mail(database))
    for _ in range(2):
        assert (await http.post(url, data={"wish": "pause"})).status_code == 200
    [event] = intake_bodies(database)
    assert event["type"] == "email.paused"
    assert event["data"]["days"] == 30
    assert (await http.post(url, data={"wish": "world peace"})).status_code == 422


async def test_a_consent_is_confirmed_by_the_button_with_its_words(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    url = context.links.confirm(store_sent_mail(database, email="confirm"))
    for _ in range(2):
        assert (await http.post(url)).status_code == 200
    [event] = intake_bodies(database)
    assert event["type"] == "consent.confirmed"
    assert event["data"]["source"] == "double opt-in"
    assert "get our mail" in event["data"]["wording"]
