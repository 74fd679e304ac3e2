"""Any JSON from a client: each item is judged alone, and all that is accepted can be stored."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.contrib.pydantic import pydantic_data_converter

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from tests.gateway.stored_rows import NOW, intake_bodies, store_lead
from usecases.context import Context
from usecases.intake import accept_events
from workflows.messages import signalled


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"a": nested(30)}, "accepted"),
        ({"a": nested(31)}, "accepted"),
        ({"a": nested(33)}, "rejected"),
        ({"a": nested(210)}, "rejected"),
        ({"a": nested(300)}, "rejected"),
        ({f"k{number}": number for number in range(6_000)}, "rejected"),
        ({"a": "\ud800"}, "rejected"),
        ({"a": 123456789012345678901234567890123456789}, "accepted"),
        ({"": 1, "a.b": 2, "__proto__": {"x": 1}}, "accepted"),
    ],
)
async def test_an_event_that_goes_too_far_is_rejected_and_the_fifty_beside_it_are_not(
    http: httpx.AsyncClient, database: Database, data: Any, status: str
) -> None:
    store_lead(database)
    key = SqlApiKeys(database).make("walk", ["events:write"])
    events: list[Any] = [
        {"id": f"good-{number}", "type": "page.viewed", "lead": "ana"} for number in range(50)
    ]
    events.insert(25, {"id": "odd", "type": "page.viewed", "lead": "ana", "data": data})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps({"events": events})
    answer = await http.post("/v1/events", content=body, headers=headers)
    results = answer.json()["results"]
    assert [one["status"] for one in results if one is not results[25]] == ["accepted"] * 50
    assert results[25]["status"] == status
    assert (results[25]["why"] is None) == (status == "accepted")


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    odd=st.dictionaries(
        st.sampled_from(["id", "type", "lead", "email", "at", "subject", "data", "machine", "x"]),
        _JSON | st.integers(1, 400).map(nested),
    )
)
def test_whatever_stands_between_two_good_events_both_are_accepted_and_all_can_be_sent_on(
    context: Context, odd: dict[str, Any]
) -> None:
    store_lead(context.database)
    good = {"type": "page.viewed", "lead": "ana"}
    before, _, after = accept_events(context.intake_now(), [good, odd, {**good, "subject": "/b"}])
    assert {before.status, after.status} <= {"accepted", "duplicate"}
    bodies = [one for one in intake_bodies(context.database) if one["kind"] == "event"]
    payload = pydantic_data_converter.payload_converter.to_payloads([bodies])
    pydantic_data_converter.payload_converter.from_payloads(payload)


def test_a_signal_from_temporal_s_own_door_loses_only_the_event_that_is_too_deep() -> None:
    good = {"id": "1", "type": "page.viewed"}
    deep = {"id": "2", "type": "page.viewed", "data": {"a": nested(100)}}
    found = signalled("events", [[good, deep, good]], lambda one: one, NOW, timedelta(0))
    assert [one["kind"] for one in found] == ["event", "malformed", "event"]
    assert "deeper than 32 levels" in str(found[1]["body"])
