"""Any JSON from a client: each item is judged alone, and all that is accepted can be stored."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from models.messages import event_of
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from tests.gateway.stored_rows import NOW, store_lead
from usecases.context import Context
from usecases.intake import accept_events
from workflows.messages import signalled


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


DATA: tuple[tuple[Any, str], ...] = (
    ({"a": nested(30)}, "accepted"),
    ({"a": nested(31)}, "accepted"),
    ({"a": nested(33)}, "rejected"),
    ({"a": nested(210)}, "rejected"),
    ({"a": nested(300)}, "rejected"),
    ({f"k{number}": number for number in range(6_000)}, "rejected"),
    ({"a": "\ud800"}, "rejected"),
    ({"a": 123456789012345678901234567890123456789}, "accepted"),
    ({"": 1, "a.b": 2, "__proto__": {"x": 1}}, "accepted"),
)


async def test_an_event_that_goes_too_far_is_rejected_and_the_fifty_beside_it_are_not(
    http: httpx.AsyncClient, database: Database
) -> None:
    store_lead(database)
    key = SqlApiKeys(database).make("walk", ["events:write"])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for place, (data, status) in enumerate(DATA):
        events: list[Any] = [
            {"id": f"good-{place}-{number}", "type": "page.viewed", "lead": "ana"}
            for number in range(50)
        ]
        odd = {"id": f"odd-{place}", "type": "page.viewed", "lead": "ana", "data": data}
        events.insert(25, odd)
        body = json.dumps({"events": events})
        answer = await http.post("/v1/events", content=body, headers=headers)
        results = answer.json()["results"]
        assert [one["status"] for one in results if one is not results[25]] == ["accepted"] * 50
        assert results[25]["status"] == status, place
        assert (results[25]["why"] is None) == (status == "accepted"), place


ODD_ITEMS = (
    *("null", "5", '"text"', "[]", "[" * 2_000 + "]" * 2_000),
    '{"a":' * 50_000 + "1" + "}" * 50_000,
    '{"type": "page.viewed", "lead": "ana", "data": {"a": %s}}' % ("9" * 5_000),
    json.dumps({f"k{number}": number for number in range(20_000)}),
)
GOOD_ITEMS = {
    "events": '{"type": "page.viewed", "lead": "ana"}',
    "leads": '{"email": "bo@northwind.example", "program": "acme"}',
}


@pytest.mark.parametrize("of", GOOD_ITEMS)
async def test_an_item_that_no_reader_expects_is_rejected_alone(
    http: httpx.AsyncClient, database: Database, of: str
) -> None:
    store_lead(database)
    key = SqlApiKeys(database).make("walk", ["events:write", "leads:write"])
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for item in ODD_ITEMS:
        body = f'{{"{of}": [{GOOD_ITEMS[of]}, {item}, {GOOD_ITEMS[of]}]}}'
        answer = await http.post(f"/v1/{of}", content=body, headers=headers)
        before, odd, after = answer.json()["results"]
        assert {before["status"], after["status"]} <= {"accepted", "duplicate"}, item[:20]
        assert odd["status"] == "rejected", item[:20]
        assert len(answer.content) < 3_000, item[:20]


def test_no_stage_refuses_what_a_door_accepted(context: Context) -> None:
    store_lead(context.database)
    edges = [(levels, keys) for levels in (31, 32, 33) for keys in (999, 1_000, 1_001)]
    events = []
    for levels, keys in edges:
        deep: Any = 1
        for _ in range(levels):
            deep = {"a": deep}
        data = {**deep, **{f"k{number}": 1 for number in range(keys - levels)}}
        events.append(
            {"id": f"{levels}/{keys}", "type": "page.viewed", "lead": "ana", "data": data}
        )
    outcomes = accept_events(context.intake_now(), events)
    accepted = [f"{levels}/{keys}" for levels, keys in edges if levels <= 32 and keys <= 1_000]
    assert [one["id"] for one in sent_events(context.database)] == accepted
    assert [one.status for one in outcomes].count("accepted") == len(accepted)
    sent = sent_events(context.database)
    found = signalled("events", [sent], lambda one: one, NOW, timedelta(0))
    assert [one["kind"] for one in found] == ["event"] * len(accepted)


def sent_events(database: Database) -> list[dict[str, Any]]:
    """What the relay sends of the accepted events."""
    table = table_of(IntakeItem)
    with database.read() as connection:
        query = sa.select(table.c.body).where(table.c.kind == "event").order_by(table.c.seq)
        return [dict(row.body) for row in connection.execute(query)]


def test_a_backslash_before_u0000_is_text_and_the_character_0_is_not(context: Context) -> None:
    store_lead(context.database)
    event = {"type": "page.viewed", "lead": "ana"}
    texts = ["\\u0000", "\\\\u0000", "\0", "\\\0"]
    found = accept_events(context.intake_now(), [{**event, "data": {"a": one}} for one in texts])
    assert [one.status for one in found] == ["accepted", "accepted", "rejected", "rejected"]


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    odd=_JSON
    | st.dictionaries(
        st.sampled_from(["id", "type", "lead", "email", "at", "subject", "data", "machine", "x"]),
        _JSON | st.integers(1, 400).map(nested) | st.just("page.viewed") | st.just("ana"),
    )
)
def test_whatever_stands_between_two_good_events_both_are_accepted_and_all_reach_the_lead(
    context: Context, odd: Any
) -> None:
    """The whole path: door, row, Temporal's converter, the workflow's shell, the turn's reader."""
    store_lead(context.database)
    good = {"type": "page.viewed", "lead": "ana"}
    before, _, after = accept_events(context.intake_now(), [good, odd, {**good, "subject": "/b"}])
    assert {before.status, after.status} <= {"accepted", "duplicate"}
    bodies = sent_events(context.database)
    payload = pydantic_data_converter.payload_converter.to_payloads([bodies])
    (arrived,) = pydantic_data_converter.payload_converter.from_payloads(payload)
    found = signalled("events", [arrived], lambda one: one, NOW, timedelta(0))
    assert [one["kind"] for one in found] == ["event"] * len(bodies)
    for one in found:
        event_of(one["body"], NOW)


def test_a_signal_from_temporal_s_own_door_loses_only_the_event_that_is_too_deep() -> None:
    good = {"id": "1", "type": "page.viewed"}
    deep = {"id": "2", "type": "page.viewed", "data": {"a": nested(100)}}
    found = signalled("events", [[good, deep, good]], lambda one: one, NOW, timedelta(0))
    assert [one["kind"] for one in found] == ["event", "malformed", "event"]
    assert "deeper than 32 levels" in str(found[1]["body"])
