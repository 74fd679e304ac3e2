"""The result of an event for each answer of the CRM: a status, a request to wait, or none."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.crm import HANG, http_answer
from tests.journal.crm_site import CrmSite, dispatcher_by_wall_clock, running_dispatchers
from tests.waiting import LIMIT, until


async def test_a_receiver_that_does_not_answer_is_tried_again(site: CrmSite) -> None:
    site.record_turn("ana", "created")
    hasty = site.make_dispatcher(answer_seconds=0.2)
    site.crm.answers = [HANG]
    await hasty.once()
    [waiting] = site.events()
    assert (waiting.status, waiting.why) == ("waiting", "no answer within 0.2 seconds")
    site.move_clock(seconds=7)
    await hasty.once()
    assert [one.status for one in site.events()] == ["sent"]


async def test_a_receiver_that_does_not_answer_for_one_lead_delays_no_other_lead(
    site: CrmSite,
) -> None:
    site.record_turn("ana", "created")
    site.record_turn("bea", "created", "touched", "won")
    site.crm.behave = lambda delivery: HANG if delivery.event["subject"] == "ana" else None
    async with running_dispatchers(dispatcher_by_wall_clock(site, answer_seconds=10)):
        await until(lambda: {one.status for one in site.events("bea")} == {"sent"})
        [hanging] = site.events("ana")
        assert (hanging.status, hanging.tries, hanging.why) == ("waiting", 1, None)
    # The try that was under way has ended, and is recorded.
    assert [one.why for one in site.events("ana")] == ["no answer within 10 seconds"]


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        (http_answer("302 Found", "Location: /elsewhere"), "302 Found"),
        (http_answer("401 Unauthorized"), "401 Unauthorized"),
        (http_answer("404 Not Found"), "404 Not Found"),
        (http_answer("500 Internal Server Error"), "500 Internal Server Error"),
        (b"what is HTTP?\r\n\r\n", "no answer: "),
    ],
    ids=["redirect", "401", "404", "500", "nonsense"],
)
async def test_every_other_answer_is_tried_again_and_no_redirect_is_followed(
    site: CrmSite, expected: bytes, why: str
) -> None:
    site.record_turn("ana", "created")
    site.crm.answers = [expected]
    await site.dispatcher.once()
    [waiting] = site.events()
    assert waiting.status == "waiting"
    assert str(waiting.why).startswith(why)
    assert [one.path for one in site.crm.deliveries] == ["/hooks?token=hush"]
    site.move_clock(seconds=7)
    await site.dispatcher.once()
    assert [one.status for one in site.events()] == ["sent"]


async def test_a_receiver_that_is_not_running_is_tried_again(site: CrmSite) -> None:
    site.record_turn("ana", "created")
    await site.make_dispatcher(url="http://127.0.0.1:9/").once()
    [waiting] = site.events()
    assert (waiting.status, waiting.tries) == ("waiting", 1)
    assert str(waiting.why).startswith("no answer: ")


async def test_an_event_answered_with_410_is_dead(site: CrmSite, logged: list[Any]) -> None:
    site.record_turn("ana", "created", "won")
    site.crm.answers = [http_answer("410 Gone")]
    await site.try_all()
    assert [(one.type, one.status, one.why) for one in site.events()] == [
        ("lead.created", "dead", "410 Gone"),
        ("opportunity.won", "sent", None),
    ]
    [error] = [one for one in logged if one["log_level"] == "error"]
    assert (error["lead"], error["why"]) == ("ana", "410 Gone")
    assert "northwind" not in str(logged)
    assert "hush" not in str(logged)


_ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_retry_after_is_followed(site: CrmSite, status: str, form: str) -> None:
    site.record_turn("ana", "created")
    site.now = site.now.replace(microsecond=0) + timedelta(seconds=1)
    later = site.now + timedelta(hours=1)
    asked = later.strftime("%a, %d %b %Y %H:%M:%S GMT") if form == "date" else "3600"
    site.crm.answers = [http_answer(status, f"Retry-After: {asked}")]
    await site.dispatcher.once()
    assert site.events()[0].ready == later
    site.record_turn("bea", "created")
    site.move_clock(minutes=59)
    assert await site.dispatcher.once() == 0  # the wait is for all leads, not for this one alone
    site.move_clock(minutes=1)
    assert await site.dispatcher.once() == 2


@pytest.mark.parametrize("asked", ["-5", "soon", "9" * 30, "", "Mon, 99 Foo 2026"])
async def test_an_invalid_retry_after_delays_for_hours_at_most(site: CrmSite, asked: str) -> None:
    site.record_turn("ana", "created")
    site.crm.answers = [http_answer("503 Service Unavailable", f"Retry-After: {asked}")]
    await site.dispatcher.once()
    assert site.now < site.events()[0].ready <= site.now + timedelta(hours=6)


async def test_of_a_long_answer_only_the_first_bytes_are_read(site: CrmSite) -> None:
    site.record_turn("ana", "created")
    site.crm.answers = [_ENDLESS + b"x" * 100_000]
    async with asyncio.timeout(LIMIT):
        await site.make_dispatcher(answer_seconds=10 * LIMIT).once()
    assert [one.status for one in site.events()] == ["sent"]


async def test_the_status_of_a_broken_answer_counts(site: CrmSite) -> None:
    site.record_turn("ana", "created")
    site.crm.answers = [_ENDLESS]
    await site.make_dispatcher(answer_seconds=0.5).once()
    assert [one.status for one in site.events()] == ["sent"]
