"""An event is parsed at its first door, and the rules get the parsed event unchanged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.envelopes import read_input
from models.envelopes import Envelope
from models.inputs import Event, MalformedInput
from models.instants import write_instant
from models.messages import is_read, read_event, written_event

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def raw_events(draw: st.DrawFn) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": draw(st.sampled_from(["page.viewed", "email.clicked", "a.b"]))}
    if draw(st.booleans()):
        raw["id"] = draw(st.text(min_size=1, max_size=20).filter(str.isprintable))
    if draw(st.booleans()):
        raw["at"] = write_instant(NOW - timedelta(seconds=draw(st.integers(-90, 10**6))))
    raw["data"] = draw(st.dictionaries(st.text(max_size=5), _JSON, max_size=3))
    raw["machine"] = draw(st.booleans())
    return raw


@given(raw_events())
def test_what_was_read_at_the_door_comes_to_the_rules_unchanged(raw: dict[str, Any]) -> None:
    try:
        event = read_event(raw, NOW)
    except ValueError:
        return  # the door rejects it
    body = json.loads(json.dumps(written_event(event)))
    assert is_read(body)
    envelope: Envelope = {"kind": "event", "body": body, "arrived": write_instant(NOW)}
    assert read_input(envelope) == event


@pytest.mark.parametrize(
    "body",
    [
        {"read": True, "id": "x"},
        {"read": True, "id": "x", "type": 1, "subject": "", "at": "", "data": {}, "machine": False},
        {
            "read": True,
            "id": "x",
            "type": "a.b",
            "subject": "",
            "at": "yesterday",
            "data": {},
            "machine": False,
        },
        {"read": "yes", "id": "x", "type": "a.b"},
    ],
)
def test_a_body_that_somebody_else_marked_as_read_is_malformed(body: dict[str, Any]) -> None:
    envelope: Envelope = {"kind": "event", "body": body, "arrived": write_instant(NOW)}
    assert isinstance(read_input(envelope), MalformedInput)
    assert not isinstance(read_input(envelope), Event)
