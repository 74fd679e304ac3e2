"""Each event reaches the CRM at least once and in order, even if a dispatcher is killed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from standardwebhooks import Webhook

from activities.tracing import span, turn_on
from adapters.crm.delivery import pause_after
from adapters.sql.database import open_database
from assembly.tracing import OpenTelemetryTracing
from tests.crm import HANG, http_answer
from tests.journal.crm_site import NEW, OLD, CrmSite, dispatcher_by_wall_clock, running_dispatchers
from tests.waiting import until

ROOT = Path(__file__).parents[2]


async def test_an_event_is_a_cloudevent_signed_for_this_try(site: CrmSite) -> None:
    site.record_turn("ana", "accepted")
    assert await site.dispatcher.once() == 1
    [delivery] = site.crm.deliveries
    [sent] = site.events()
    assert delivery.headers["content-type"] == "application/cloudevents+json"
    assert delivery.event == {
        "specversion": "1.0",
        "id": sent.id,
        "source": "https://go.acme.example",
        "type": "lead.accepted",
        "subject": "ana",
        "time": "2026-03-02T14:00:00Z",
        "datacontenttype": "application/json",
        "data": sent.data,
    }
    Webhook(NEW).verify(delivery.body, delivery.headers)
    assert delivery.headers["webhook-id"] == sent.id
    assert delivery.headers["webhook-timestamp"] == str(int(site.now.timestamp()))
    signed = f"{sent.id}.{delivery.headers['webhook-timestamp']}.".encode() + delivery.body
    right = hmac.new(b"the secret of this year", signed, hashlib.sha256).digest()
    assert delivery.headers["webhook-signature"] == f"v1,{base64.b64encode(right).decode()}"
    assert (sent.status, sent.tries, sent.why) == ("sent", 1, None)


async def test_a_trace_goes_on_from_the_turn_to_the_crm(site: CrmSite) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    turn_on(OpenTelemetryTracing(provider))
    try:
        with span("turn"):
            site.record_turn("ana", "accepted")
        await site.dispatcher.once()
    finally:
        turn_on(None)
        provider.shutdown()
    site.record_turn("ben", "accepted")
    await site.dispatcher.once()
    spans = {one.name: one.context for one in exporter.get_finished_spans() if one.context}
    traced, untraced = site.crm.deliveries
    assert set(spans) == {"turn", "send CRM event"}
    trace, parent = (f"{spans['turn'].trace_id:032x}", f"{spans['send CRM event'].span_id:016x}")
    assert traced.headers["traceparent"].startswith(f"00-{trace}-{parent}-")
    assert "traceparent" not in untraced.headers


async def test_during_a_change_of_secrets_either_one_verifies(site: CrmSite) -> None:
    site.record_turn("ana", "created")
    await site.make_dispatcher(OLD, NEW).once()
    [delivery] = site.crm.deliveries
    assert len(delivery.headers["webhook-signature"].split(" ")) == 2
    for secret in (OLD, NEW):
        Webhook(secret).verify(delivery.body, delivery.headers)


async def test_two_dispatchers_send_each_leads_events_in_order_and_none_twice(
    url: str, site: CrmSite
) -> None:
    leads = [f"lead-{number}" for number in range(12)]
    for lead in leads:
        site.record_turn(lead, "created", "touched", "touched", "accepted", "won")
    with closing(open_database(url)) as apart:
        other = dispatcher_by_wall_clock(replace(site, database=apart))
        async with running_dispatchers(dispatcher_by_wall_clock(site), other):
            await until(lambda: {one.status for one in site.events()} == {"sent"})
    assert len(site.crm.deliveries) == 60
    for lead in leads:
        assert site.seqs(lead) == [1, 2, 3, 4, 5]


async def test_an_event_that_is_not_accepted_delays_only_its_own_lead(site: CrmSite) -> None:
    site.record_turn("ana", "created", "won")
    site.record_turn("bea", "created", "won")
    site.crm.behave = lambda delivery: (
        http_answer("500 Internal Server Error") if delivery.event["subject"] == "ana" else None
    )
    await site.try_all()
    assert (site.seqs("ana"), site.seqs("bea")) == ([1], [1, 2])
    first, second = site.events("ana")
    assert (first.status, first.why) == ("waiting", "500 Internal Server Error")
    assert (second.status, second.tries) == ("waiting", 0)
    site.crm.behave = lambda _delivery: None
    site.move_clock(seconds=7)
    await site.try_all()
    assert site.seqs("ana") == [1, 1, 2]
    once, again = [one for one in site.crm.deliveries if one.event["id"] == first.id]
    assert once.headers["webhook-id"] == again.headers["webhook-id"]
    assert once.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]


async def test_after_three_days_an_event_is_dead_and_can_be_replayed(site: CrmSite) -> None:
    site.record_turn("ana", "created")
    begun = site.now
    site.crm.behave = lambda _delivery: http_answer("500 Internal Server Error")
    while site.events()[0].status == "waiting":
        site.now = max(site.now, site.events()[0].ready)
        assert await site.dispatcher.once() == 1
    assert site.now - begun == timedelta(days=3)
    assert 18 <= len(site.crm.deliveries) <= 30
    site.move_clock(days=3)
    assert site.outbox.retry_dead() == [site.events()[0].id]
    await site.dispatcher.once()
    assert site.events()[0].status == "waiting"  # it is tried for three more days
    site.crm.behave = lambda _delivery: None
    site.move_clock(seconds=7)
    await site.dispatcher.once()
    assert site.events()[0].status == "sent"


def test_pauses_grow_from_five_seconds_to_six_hours() -> None:
    for tries, seconds in ((1, 5), (2, 10), (5, 80), (13, 20_480), (14, 21_600), (500, 21_600)):
        found = [pause_after(tries).total_seconds() for _ in range(50)]
        assert 0.8 * seconds <= min(found) < max(found) <= 1.2 * seconds


async def test_one_connection_serves_many_events(site: CrmSite) -> None:
    site.record_turn("ana", *(["touched"] * 10))
    site.crm.behave = lambda _delivery: http_answer("200 OK", body=b"thank you")
    async with running_dispatchers(dispatcher_by_wall_clock(site)):
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


async def test_an_event_is_sent_again_if_its_dispatcher_was_killed_before_it_recorded_the_result(
    url: str, site: CrmSite
) -> None:
    site.record_turn("ana", "created", "won")
    site.crm.answers = [HANG]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, url, site.crm.url, NEW, cwd=ROOT
    )
    try:
        await until(lambda: site.crm.deliveries)
    finally:
        process.kill()  # the CRM has it, and the outbox does not know
        await process.wait()
    site.now = datetime.now(UTC)
    assert await site.dispatcher.once() == 0  # leased: its dispatcher may still run
    site.move_clock(minutes=2)
    await site.try_all()
    assert site.seqs("ana") == [1, 1, 2]
    once, again, _ = site.crm.deliveries
    assert once.headers["webhook-id"] == again.headers["webhook-id"]
    assert once.body == again.body
    assert [one.status for one in site.events()] == ["sent", "sent"]


async def test_a_database_that_does_not_answer_is_waited_for(
    site: CrmSite, logged: list[Any]
) -> None:
    site.record_turn("ana", "created")
    with site.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE webhook_events RENAME TO hidden")
    async with running_dispatchers(dispatcher_by_wall_clock(site)):
        await until(lambda: logged)
        with site.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE hidden RENAME TO webhook_events")
        await until(lambda: site.crm.deliveries)
    assert "northwind" not in str(logged)


async def test_an_outage_is_logged_once_and_so_is_its_end(site: CrmSite, logged: list[Any]) -> None:
    site.record_turn("ana", "created")
    site.crm.answers = [http_answer("500 No") for _ in range(4)]
    for _ in range(6):
        await site.dispatcher.once()
        site.move_clock(hours=1)
    assert [(one["log_level"], one.get("why")) for one in logged] == [
        ("warning", "500 No"),
        ("info", None),
    ]


async def test_sent_events_are_removed_after_thirty_days(site: CrmSite) -> None:
    site.record_turn("ana", "created")
    await site.dispatcher.once()
    site.move_clock(days=29)
    await site.dispatcher.once()
    assert len(site.events()) == 1
    site.move_clock(days=2)
    await site.dispatcher.once()
    assert site.events() == []
