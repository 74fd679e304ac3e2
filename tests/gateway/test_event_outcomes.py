"""What became of an accepted event, as its sender asks for it."""

from __future__ import annotations

from datetime import timedelta

import httpx

from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from tests.gateway.sales_keys import (
    RILEY,
    TEAMS,
    Header,
    apply_directory,
    header,
    store_lead_for_each_person,
)
from tests.gateway.stored_rows import NOW
from tests.journal.turns import FENCE, turn
from usecases.context import Context


async def outcome(http: httpx.AsyncClient, key: Header, event: str) -> tuple[int, object, object]:
    answer = await http.get(f"/v1/leads/ana/events/{event}", headers=key)
    document = answer.json()
    return answer.status_code, document.get("outcome"), document.get("why")


async def send(http: httpx.AsyncClient, key: Header, event: str) -> None:
    item = {"lead": "ana", "id": event, "type": "page.viewed"}
    answer = await http.post("/v1/events", json={"events": [item]}, headers=key)
    assert answer.json()["results"][0]["status"] == "accepted"


async def test_an_event_waits_is_delivered_and_is_then_on_the_timeline(
    http: httpx.AsyncClient, key: Header, database: Database, context: Context
) -> None:
    store_lead_for_each_person(database)
    await send(http, key, "shop/1")
    assert await outcome(http, key, "shop/1") == (200, "waiting", None)
    [taken] = context.intake.take(10, timedelta(seconds=30))
    context.intake.done([taken.seq])
    assert await outcome(http, key, "shop/1") == (200, "delivered", None)
    entry = ("ignored", {"event": "shop/1", "type": "page.viewed", "why": "duplicate"})
    SqlJournal(database).record(turn(2, entry, before=1, lead="ana"), FENCE, NOW)
    assert await outcome(http, key, "shop/1") == (200, "ignored", "duplicate")


async def test_an_event_that_was_given_up_has_its_reason(
    http: httpx.AsyncClient, key: Header, database: Database, context: Context
) -> None:
    store_lead_for_each_person(database)
    await send(http, key, "e1")
    [taken] = context.intake.take(10, timedelta(seconds=30))
    context.intake.done([taken.seq], why="Temporal refuses it")
    assert await outcome(http, key, "e1") == (200, "given_up", "Temporal refuses it")


async def test_an_unknown_event_is_a_404_and_only_senders_of_events_may_ask(
    http: httpx.AsyncClient, database: Database, key: Header
) -> None:
    assert (await outcome(http, key, "nothing"))[0] == 404
    assert (await outcome(http, {}, "nothing"))[0] == 401
    apply_directory(database, TEAMS)
    assert (await outcome(http, header(database, "admin"), "nothing"))[0] == 404
    assert (await outcome(http, header(database, "sales", RILEY), "nothing"))[0] == 403
