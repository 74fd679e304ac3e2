"""Clicks and opens, and whether a person or a machine made them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from adapters.mail.tracked import TrackedLinks, track_html, track_text
from adapters.sql.database import Database
from gateway.recipients.bot_detection import (
    ALL_LINKS_WITHIN,
    LONGEST_SCAN,
    Hit,
    machine_reason,
)
from gateway.requests.mail_agents import MAIL_AGENTS, REVISED
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from tests.gateway.stored_rows import (
    GUIDE,
    MAIL,
    NOW,
    PRICES,
    intake_bodies,
    store_sent_mail,
)
from usecases.context import Context

_I = table_of(IntakeItem)
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


def _path(url: str) -> str:
    return url.removeprefix("https://go.acme.example")


async def test_a_click_is_recorded_and_redirects_to_the_target(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    answer = await http.get(_path(context.links.click(message, 2)), headers=BROWSER)
    assert answer.status_code == 302
    assert answer.headers["location"] == PRICES
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    [event] = intake_bodies(database)
    assert (event["lead"], event["type"], event["subject"]) == ("ana", "email.clicked", "welcome")
    assert event["data"] == {"message": message, "url": PRICES}
    assert event["machine"] is False


async def test_our_own_web_site_knows_the_visitor_by_a_token_and_not_by_name(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    answer = await http.get(_path(context.links.click(message, 1)), headers=BROWSER)
    token = httpx.URL(answer.headers["location"]).params["lf"]
    found = context.links.read("visitor", token)
    assert found is not None
    assert found.mail == MAIL


@pytest.mark.parametrize("link", ["/c/nonsense", "/c/0123456789abcdef-1-" + "0" * 20, "/o/x.gif"])
async def test_an_unsigned_link_redirects_nowhere(
    http: httpx.AsyncClient, database: Database, link: str
) -> None:
    store_sent_mail(database)
    answer = await http.get(link, headers=BROWSER)
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert intake_bodies(database) == []


async def test_a_token_works_for_its_own_purpose_only(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    token = context.links.click(message, 1).rpartition("/")[2]
    for door in ("/u/", "/p/", "/k/"):
        assert (await http.get(door + token)).status_code == 404


async def test_loading_the_image_records_an_open(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    answer = await http.get(_path(context.links.pixel(message)), headers=BROWSER)
    assert answer.content.startswith(b"GIF89a")
    assert [one["type"] for one in intake_bodies(database)] == ["email.opened"]


async def test_two_clicks_within_one_second_count_once(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    for _ in range(2):
        await http.get(_path(context.links.click(message, 2)), headers=BROWSER)
    assert len(intake_bodies(database)) == 1


async def test_a_scanner_that_follows_all_links_takes_its_first_click_back(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    await http.get(_path(context.links.click(message, 1)), headers=BROWSER)
    assert intake_bodies(database)[0]["machine"] is False
    await http.get(_path(context.links.click(message, 2)), headers=BROWSER)
    events = intake_bodies(database)
    assert [one["machine"] for one in events] == [True, True]
    assert {one["data"]["why"] for one in events} == {"all_links"}


@pytest.mark.parametrize("first", [0, 1])
async def test_a_click_on_the_unseen_link_marks_the_other_clicks_as_a_machine_s(
    http: httpx.AsyncClient, context: Context, database: Database, first: int
) -> None:
    links = ("", GUIDE, PRICES, "https://acme.example/third")
    message = store_sent_mail(database, links=links)
    for number in (first, 1 - first):
        await http.get(_path(context.links.click(message, number)), headers=BROWSER)
    events = intake_bodies(database)
    assert [one["machine"] for one in events] == [True, True]
    assert {one["data"]["why"] for one in events} == {"unseen"}


async def test_a_slow_scan_of_a_fresh_mail_is_taken_back_from_its_first_click_on(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    links = ("", *(f"https://acme.example/{number}" for number in range(6)))
    message = store_sent_mail(database, links=links, ago=60)

    async def follow(number: int) -> None:
        await http.get(_path(context.links.click(message, number)), headers=BROWSER)

    def earlier(time: timedelta) -> None:
        """Let this much time pass: all that is stored happened so much earlier."""
        with database.write() as connection:
            for row in connection.execute(sa.select(_I)).all():
                moved = {"arrived": row.arrived - time, "ready": row.ready - time}
                connection.execute(sa.update(_I).where(_I.c.seq == row.seq).values(**moved))

    for number in (1, 2, 3):
        await follow(number)
        earlier(timedelta(seconds=50))
        assert context.intake.take(10, timedelta(0)) == []  # each click lets all wait
    await follow(0)
    events = intake_bodies(database)
    assert [one["machine"] for one in events] == [True] * 4
    assert {one["data"]["why"] for one in events} == {"unseen"}


async def test_a_person_who_goes_on_clicking_is_heard_after_five_minutes(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database, links=("", *map(str, range(9))), ago=60)
    await http.get(_path(context.links.click(message, 1)), headers=BROWSER)
    with database.write() as connection:
        long_ago = NOW - LONGEST_SCAN - timedelta(seconds=1)
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(sa.update(_I).values(arrived=long_ago, ready=past))
    await http.get(_path(context.links.click(message, 2)), headers=BROWSER)
    assert len(context.intake.take(10, timedelta(0))) == 1


async def test_a_click_on_a_mail_of_yesterday_waits_for_seconds(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database, ago=86_400)
    await http.get(_path(context.links.click(message, 1)), headers=BROWSER)
    with database.read() as connection:
        ready = connection.execute(sa.select(_I.c.ready)).scalar_one()
    assert ready - datetime.now(UTC) <= ALL_LINKS_WITHIN


async def test_a_head_request_is_answered_and_recorded_as_a_machine_s(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database)
    answer = await http.head(_path(context.links.click(message, 2)), headers=BROWSER)
    assert answer.status_code == 302
    assert [one["data"]["why"] for one in intake_bodies(database)] == ["head"]


async def test_a_get_that_follows_a_head_request_is_the_same_machine_s(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database, links=("", GUIDE, PRICES, "https://acme.example/third"))
    await http.head(_path(context.links.click(message, 2)), headers=BROWSER)
    await http.get(_path(context.links.click(message, 2)), headers=BROWSER)
    await http.get(_path(context.links.click(message, 1)), headers=BROWSER)
    found = [(one["data"]["url"], one["data"].get("why")) for one in intake_bodies(database)]
    # Two requests of one machine in one second are one event.
    assert found == [(PRICES, "head"), (GUIDE, None)]


@pytest.mark.parametrize(
    "agent",
    [
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "WhatsApp/2.23.20.0",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0)",
        "Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
        "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "ClaudeBot/1.0; +claudebot@anthropic.com",
    ],
)
async def test_a_preview_or_a_fetcher_of_a_language_model_is_a_machine(
    http: httpx.AsyncClient, context: Context, database: Database, agent: str
) -> None:
    message = store_sent_mail(database)
    await http.get(_path(context.links.click(message, 2)), headers={"User-Agent": agent})
    assert [one["data"]["why"] for one in intake_bodies(database)] == ["agent"]


async def test_a_click_within_seconds_of_delivery_is_a_machines(
    http: httpx.AsyncClient, context: Context, database: Database
) -> None:
    message = store_sent_mail(database, ago=0.5)
    await http.get(_path(context.links.click(message, 2)), headers=BROWSER)
    assert [one["data"]["why"] for one in intake_bodies(database)] == ["quick"]


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"sec-purpose": "prefetch;prerender"}, "prefetch"),
        ({"x-moz": "prefetch"}, "prefetch"),
        ({"user-agent": ""}, "agent"),
        ({"user-agent": "Mozilla/5.0"}, "agent"),
        ({"user-agent": "python-requests/2.32"}, "agent"),
        ({"user-agent": "Mozilla/5.0 (compatible; BarracudaCentral)"}, "agent"),
        ({"user-agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}, "agent"),
        ({"user-agent": "Mozilla/5.0 (X11) HeadlessChrome/142.0"}, "agent"),
        ({"user-agent": "Snapchat/10.77"}, "agent"),
        ({"user-agent": "PostmanRuntime/7.36"}, "agent"),
        ({"user-agent": "Mozilla/5.0 (compatible; SomethingNew)"}, "agent"),
        ({"user-agent": "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; ms-office)"}, None),
        ({"user-agent": "Outlook-iOS/723.4027091.prod.iphone (3.24.0)"}, None),
        ({"user-agent": "Opera/9.80 (Windows NT 6.1)"}, None),
        ({"user-agent": "Mozilla/5.0 (Windows NT 5.1) via ggpht.com GoogleImageProxy"}, None),
        ({"user-agent": "Mozilla/5.0 (Linux; Android 13; CUBOT X30) Chrome/142.0"}, None),
        ({"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"}, None),
    ],
)
def test_machines_are_recognised_by_their_headers(headers: dict[str, str], why: str | None) -> None:
    hit = Hit(
        method="GET",
        headers={"user-agent": "Mozilla/5.0 (X11; Linux)"} | headers,
        number=1,
        age=timedelta(hours=1),
    )
    assert machine_reason(hit) == why


def test_the_list_of_mail_agents_has_a_date_and_sources() -> None:
    assert date.fromisoformat(REVISED).year >= 2026
    for one in MAIL_AGENTS:
        assert one.source
        assert re.compile(one.words)


def tracked_links() -> TrackedLinks:
    hosts = frozenset({"a.example", "b.example"})
    return TrackedLinks("https://go.acme.example/", hosts, lambda number: f"https://go/c/{number}")


def test_an_image_is_a_target_and_a_link_that_is_no_web_page_is_not() -> None:
    links = tracked_links()
    html = (
        '<a href="https://a.example/x.png"><img src="https://a.example/y.png"></a>'
        '<a href="javascript:alert(1)">js</a><a href="data:image/png;base64,AAAA">data</a>'
        '<a href="//b.example/">bare</a><a href="https://go.acme.example/o/0-0-0.gif">open</a>'
    )
    tracked = track_html(html, links, no_words="Open")
    assert links.targets == ("", "https://a.example/x.png")
    assert tracked == html.replace("https://a.example/x.png", "https://go/c/1")


def test_every_link_is_tracked_once_and_nothing_else_changes() -> None:
    links = tracked_links()
    html = (
        '<!-- <a href="https://a.example/no"> --><p>caf\u00e9</p>\n'
        "<a  class=x href='https://a.example/?a=1&amp;b=2'>one</a>"
        '<A HREF="https://b.example">two</A> <a href="https://a.example/?a=1&b=2">again</a>'
        '<a href="mailto:x@y.example">mail</a><a href="https://go.acme.example/u/t">out</a>'
    )
    tracked = track_html(html, links, no_words="Open")
    assert links.targets == ("", "https://a.example/?a=1&b=2", "https://b.example")
    assert '<!-- <a href="https://a.example/no"> --><p>caf\u00e9</p>\n' in tracked
    assert tracked.count('"https://go/c/1"') == 2
    assert tracked.count('"https://go/c/2"') == 1
    assert 'href="mailto:x@y.example"' in tracked
    assert 'href="https://go.acme.example/u/t"' in tracked
    assert track_text("See (https://b.example), or not.", links) == "See (https://go/c/2), or not."
