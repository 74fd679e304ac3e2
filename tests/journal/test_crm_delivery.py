"""The CRM is told at least once and in order, whatever it answers and whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from standardwebhooks import Webhook

from adapters.crm.delivery import CrmDispatcher, Receiver, pause_after
from adapters.crm.outbox import CrmEvent, SqlCrmOutbox, TurnEvents
from adapters.sql.database import Database, open_database
from adapters.sql.journal import SqlJournal
from tests.crm import HANG, Crm, answer, listening
from tests.journal.turns import FENCE, NOW, turn
from tests.waiting import LIMIT, until

ROOT = Path(__file__).parents[2]
OLD = "whsec_" + base64.b64encode(b"the secret of last year").decode()
NEW = "whsec_" + base64.b64encode(b"the secret of this year").decode()


@dataclass
class CrmServer:
    """A leadflow with a CRM. `now` is the dispatchers' wall clock, which the test moves on."""

    database: Database
    crm: Crm
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.outbox = SqlCrmOutbox(self.database, now=lambda: self.now)
        self.dispatcher = self.dispatching()

    def dispatching(self, *secrets: str, **receiver: Any) -> CrmDispatcher:
        made = receiver_of(self.crm, *secrets)
        return CrmDispatcher(self.outbox, replace(made, **receiver), now=lambda: self.now)

    def happened(self, lead: str, *kinds: str) -> None:
        """A lead with these entries; what it tells can be sent at once."""
        SqlJournal(self.database, crm=TurnEvents(self.database)).record(
            turn(1, *kinds, lead=lead), FENCE, NOW
        )
        self.now = max(self.now, datetime.now(UTC))

    def passes(self, **length: float) -> None:
        self.now += timedelta(**length)

    async def all_tried(self) -> None:
        while await self.dispatcher.once():
            pass

    def events(self, *leads: str) -> list[CrmEvent]:
        found = self.outbox.listed(["waiting", "sent", "dead"], limit=10_000)
        return [one for one in found if not leads or one.lead in leads]

    def seqs(self, lead: str) -> list[int]:
        """What the CRM was told of a lead, in order."""
        return [one.seq for one in self.crm.told if one.event["subject"] == lead]


def receiver_of(crm: Crm, *secrets: str) -> Receiver:
    return Receiver(
        url=crm.url,
        secrets=[Webhook(one) for one in secrets or (NEW,)],
        source="https://go.acme.example",
    )


@pytest.fixture
async def site(database: Database) -> AsyncIterator[CrmServer]:
    async with listening() as crm:
        yield CrmServer(database, crm)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as logs:
        yield logs


@asynccontextmanager
async def running(*dispatchers: CrmDispatcher) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in dispatchers]
    try:
        yield
    finally:
        for one in dispatchers:
            one.stop()
        await asyncio.gather(*tasks)


def by_wall_clock(site: CrmServer, **receiver: Any) -> CrmDispatcher:
    """A dispatcher to be run, by the real clock."""
    made = replace(receiver_of(site.crm), **receiver)
    return CrmDispatcher(SqlCrmOutbox(site.database), made, pause=0.02)


async def test_an_event_is_a_cloudevent_signed_for_this_try(site: CrmServer) -> None:
    site.happened("ana", "accepted")
    assert await site.dispatcher.once() == 1
    [told] = site.crm.told
    [sent] = site.events()
    assert told.headers["content-type"] == "application/cloudevents+json"
    assert told.event == {
        "specversion": "1.0",
        "id": sent.id,
        "source": "https://go.acme.example",
        "type": "lead.accepted",
        "subject": "ana",
        "time": "2026-03-02T14:00:00Z",
        "datacontenttype": "application/json",
        "data": sent.data,
    }
    Webhook(NEW).verify(told.body, told.headers)
    assert told.headers["webhook-id"] == sent.id
    assert told.headers["webhook-timestamp"] == str(int(site.now.timestamp()))
    signed = f"{sent.id}.{told.headers['webhook-timestamp']}.".encode() + told.body
    right = hmac.new(b"the secret of this year", signed, hashlib.sha256).digest()
    assert told.headers["webhook-signature"] == f"v1,{base64.b64encode(right).decode()}"
    assert (sent.status, sent.tries, sent.why) == ("sent", 1, None)


async def test_during_a_change_of_secrets_either_one_verifies(site: CrmServer) -> None:
    site.happened("ana", "created")
    await site.dispatching(OLD, NEW).once()
    [told] = site.crm.told
    assert len(told.headers["webhook-signature"].split(" ")) == 2
    for secret in (OLD, NEW):
        Webhook(secret).verify(told.body, told.headers)


async def test_two_dispatchers_tell_each_lead_in_order_and_nothing_twice(
    url: str, site: CrmServer
) -> None:
    leads = [f"lead-{number}" for number in range(12)]
    for lead in leads:
        site.happened(lead, "created", "touched", "touched", "accepted", "won")
    with closing(open_database(url)) as apart:
        other = by_wall_clock(replace(site, database=apart))
        async with running(by_wall_clock(site), other):
            await until(lambda: {one.status for one in site.events()} == {"sent"})
    assert len(site.crm.told) == 60
    for lead in leads:
        assert site.seqs(lead) == [1, 2, 3, 4, 5]


async def test_a_lead_whose_event_is_not_taken_holds_up_itself_alone(site: CrmServer) -> None:
    site.happened("ana", "created", "won")
    site.happened("bea", "created", "won")
    site.crm.behave = lambda told: (
        answer("500 Internal Server Error") if told.event["subject"] == "ana" else None
    )
    await site.all_tried()
    assert (site.seqs("ana"), site.seqs("bea")) == ([1], [1, 2])
    first, second = site.events("ana")
    assert (first.status, first.why) == ("waiting", "500 Internal Server Error")
    assert (second.status, second.tries) == ("waiting", 0)
    site.crm.behave = lambda _told: None
    site.passes(seconds=7)
    await site.all_tried()
    assert site.seqs("ana") == [1, 1, 2]
    once, again = [one for one in site.crm.told if one.event["id"] == first.id]
    assert once.headers["webhook-id"] == again.headers["webhook-id"]
    assert once.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]


async def test_a_receiver_that_hangs_is_left_and_tried_again(site: CrmServer) -> None:
    site.happened("ana", "created")
    hasty = site.dispatching(answer_seconds=0.2)
    site.crm.answers = [HANG]
    await hasty.once()
    [waiting] = site.events()
    assert (waiting.status, waiting.why) == ("waiting", "no answer within 0.2 seconds")
    site.passes(seconds=7)
    await hasty.once()
    assert [one.status for one in site.events()] == ["sent"]


async def test_a_receiver_that_hangs_for_one_lead_holds_up_no_other(site: CrmServer) -> None:
    site.happened("ana", "created")
    site.happened("bea", "created", "touched", "won")
    site.crm.behave = lambda told: HANG if told.event["subject"] == "ana" else None
    async with running(by_wall_clock(site, answer_seconds=10)):
        await until(lambda: {one.status for one in site.events("bea")} == {"sent"})
        [hanging] = site.events("ana")
        assert (hanging.status, hanging.tries, hanging.why) == ("waiting", 1, None)
    # The try that was under way has ended, and is noted.
    assert [one.why for one in site.events("ana")] == ["no answer within 10 seconds"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer("302 Found", "Location: /elsewhere"), "302 Found"),
        (answer("401 Unauthorized"), "401 Unauthorized"),
        (answer("404 Not Found"), "404 Not Found"),
        (answer("500 Internal Server Error"), "500 Internal Server Error"),
        (b"what is HTTP?\r\n\r\n", "no answer: "),
    ],
    ids=["redirect", "401", "404", "500", "nonsense"],
)
async def test_every_other_answer_is_tried_again_and_no_redirect_is_followed(
    site: CrmServer, said: bytes, why: str
) -> None:
    site.happened("ana", "created")
    site.crm.answers = [said]
    await site.dispatcher.once()
    [waiting] = site.events()
    assert waiting.status == "waiting"
    assert str(waiting.why).startswith(why)
    assert [one.path for one in site.crm.told] == ["/hooks?token=hush"]
    site.passes(seconds=7)
    await site.dispatcher.once()
    assert [one.status for one in site.events()] == ["sent"]


async def test_nobody_listening_is_tried_again(site: CrmServer) -> None:
    site.happened("ana", "created")
    await site.dispatching(url="http://127.0.0.1:9/").once()
    [waiting] = site.events()
    assert (waiting.status, waiting.tries) == ("waiting", 1)
    assert str(waiting.why).startswith("no answer: ")


async def test_a_receiver_that_is_gone_is_told_no_more_of_that(
    site: CrmServer, logged: list[Any]
) -> None:
    site.happened("ana", "created", "won")
    site.crm.answers = [answer("410 Gone")]
    await site.all_tried()
    assert [(one.type, one.status, one.why) for one in site.events()] == [
        ("lead.created", "dead", "410 Gone"),
        ("opportunity.won", "sent", None),
    ]
    [error] = [one for one in logged if one["log_level"] == "error"]
    assert (error["lead"], error["why"]) == ("ana", "410 Gone")
    assert "northwind" not in str(logged)
    assert "hush" not in str(logged)


async def test_after_three_days_an_event_is_dead_and_can_be_replayed(site: CrmServer) -> None:
    site.happened("ana", "created")
    begun = site.now
    site.crm.behave = lambda _told: answer("500 Internal Server Error")
    while site.events()[0].status == "waiting":
        site.now = max(site.now, site.events()[0].ready)
        assert await site.dispatcher.once() == 1
    assert site.now - begun == timedelta(days=3)
    assert 18 <= len(site.crm.told) <= 30
    site.passes(days=3)
    assert site.outbox.retry_dead() == [site.events()[0].id]
    await site.dispatcher.once()
    assert site.events()[0].status == "waiting"  # it has three days more
    site.crm.behave = lambda _told: None
    site.passes(seconds=7)
    await site.dispatcher.once()
    assert site.events()[0].status == "sent"


def test_pauses_grow_from_five_seconds_to_six_hours() -> None:
    for tries, seconds in ((1, 5), (2, 10), (5, 80), (13, 20_480), (14, 21_600), (500, 21_600)):
        found = [pause_after(tries).total_seconds() for _ in range(50)]
        assert 0.8 * seconds <= min(found) < max(found) <= 1.2 * seconds


_ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_receiver_that_asks_for_time_gets_it(
    site: CrmServer, status: str, form: str
) -> None:
    site.happened("ana", "created")
    site.now = site.now.replace(microsecond=0) + timedelta(seconds=1)
    later = site.now + timedelta(hours=1)
    asked = later.strftime("%a, %d %b %Y %H:%M:%S GMT") if form == "date" else "3600"
    site.crm.answers = [answer(status, f"Retry-After: {asked}")]
    await site.dispatcher.once()
    assert site.events()[0].ready == later
    site.happened("bea", "created")
    site.passes(minutes=59)
    assert await site.dispatcher.once() == 0  # the receiver is left in peace, not this lead alone
    site.passes(minutes=1)
    assert await site.dispatcher.once() == 2


@pytest.mark.parametrize("asked", ["-5", "soon", "9" * 30, "", "Mon, 99 Foo 2026"])
async def test_a_wish_for_time_that_makes_no_sense_is_no_wish_for_ever(
    site: CrmServer, asked: str
) -> None:
    site.happened("ana", "created")
    site.crm.answers = [answer("503 Service Unavailable", f"Retry-After: {asked}")]
    await site.dispatcher.once()
    assert site.now < site.events()[0].ready <= site.now + timedelta(hours=6)


async def test_a_long_answer_is_left_after_its_first_bytes(site: CrmServer) -> None:
    site.happened("ana", "created")
    site.crm.answers = [_ENDLESS + b"x" * 100_000]
    async with asyncio.timeout(LIMIT):
        await site.dispatching(answer_seconds=10 * LIMIT).once()
    assert [one.status for one in site.events()] == ["sent"]


async def test_an_answer_that_breaks_off_counts_by_its_head(site: CrmServer) -> None:
    site.happened("ana", "created")
    site.crm.answers = [_ENDLESS]
    await site.dispatching(answer_seconds=0.5).once()
    assert [one.status for one in site.events()] == ["sent"]


async def test_one_connection_serves_many_events(site: CrmServer) -> None:
    site.happened("ana", *(["touched"] * 10))
    site.crm.behave = lambda _told: answer("200 OK", body=b"thank you")
    async with running(by_wall_clock(site)):
        await until(lambda: {one.status for one in site.events()} == {"sent"})
    assert site.crm.connections == 1


_KILLED = """
import asyncio, sys
from standardwebhooks import Webhook
from adapters.crm.delivery import CrmDispatcher, Receiver
from adapters.crm.outbox import SqlCrmOutbox
from adapters.sql.database import open_database
database, url, secret = sys.argv[1:]
receiver = Receiver(url=url, secrets=[Webhook(secret)], source="https://go.acme.example")
asyncio.run(CrmDispatcher(SqlCrmOutbox(open_database(database)), receiver).run())
"""


async def test_a_dispatcher_killed_before_it_noted_what_it_sent_has_it_sent_again(
    url: str, site: CrmServer
) -> None:
    site.happened("ana", "created", "won")
    site.crm.answers = [HANG]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, url, site.crm.url, NEW, cwd=ROOT
    )
    try:
        await until(lambda: site.crm.told)
    finally:
        process.kill()  # the CRM has it, and nobody knows
        await process.wait()
    site.now = datetime.now(UTC)
    assert await site.dispatcher.once() == 0  # leased: its taker may live
    site.passes(minutes=2)
    await site.all_tried()
    assert site.seqs("ana") == [1, 1, 2]
    once, again, _ = site.crm.told
    assert once.headers["webhook-id"] == again.headers["webhook-id"]
    assert once.body == again.body
    assert [one.status for one in site.events()] == ["sent", "sent"]


async def test_a_database_that_is_away_is_waited_for(site: CrmServer, logged: list[Any]) -> None:
    site.happened("ana", "created")
    with site.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE webhook_events RENAME TO hidden")
    async with running(by_wall_clock(site)):
        await until(lambda: logged)
        with site.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE hidden RENAME TO webhook_events")
        await until(lambda: site.crm.told)
    assert "northwind" not in str(logged)


async def test_an_outage_is_logged_once_and_so_is_its_end(
    site: CrmServer, logged: list[Any]
) -> None:
    site.happened("ana", "created")
    site.crm.answers = [answer("500 No") for _ in range(4)]
    for _ in range(6):
        await site.dispatcher.once()
        site.passes(hours=1)
    assert [(one["log_level"], one.get("why")) for one in logged] == [
        ("warning", "500 No"),
        ("info", None),
    ]


async def test_what_was_taken_is_removed_after_thirty_days(site: CrmServer) -> None:
    site.happened("ana", "created")
    await site.dispatcher.once()
    site.passes(days=29)
    await site.dispatcher.once()
    assert len(site.events()) == 1
    site.passes(days=2)
    await site.dispatcher.once()
    assert site.events() == []
