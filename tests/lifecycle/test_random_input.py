"""Random input from outside: the rules never fail, and all that can be read can be stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lifecycle.decide import decide, new_lead
from lifecycle.program.rulebook import rulebook
from models.inputs import ACTS, Act, Created, Event, Input, MalformedInput, Result
from models.messages import read_act, read_event
from models.state import dump_state
from tests.lifecycle.random_leads import (
    EVENT_TYPES,
    LEAD,
    PEOPLE,
    START,
)
from tests.lifecycle.random_programs import programs

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # leads are long; shrinking one takes minutes
)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(alphabet=st.characters(), max_size=12)
    | st.sampled_from(("5.7.1", "hard", "2026-03-02", "2026-03-02T09:00:00Z", "9" * 400, "💥")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
_FIELDS = (
    "email",
    "employees",
    "consent",
    "country",
    "timezone",
    "competitor",
    "budget",
    "since",
    "kind",
    "status",
    "starts_at",
)
_weird = st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=8), _json, max_size=6)
_instants = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001  # made aware below
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
).map(lambda at: at.replace(microsecond=0, tzinfo=ZoneInfo("UTC")))


@st.composite
def _inputs_from_outside(draw: st.DrawFn, at: datetime) -> Input:
    kind = draw(st.integers(0, 4))
    if kind == 0:
        own = min(at, draw(_instants))
        type_ = draw(st.sampled_from(EVENT_TYPES))
        return Event(id=draw(st.text()), type=type_, at=own, arrived=at, data=draw(_weird))
    if kind == 1:
        text = st.none() | st.text(max_size=20)
        return Act(
            arrived=at,
            do=draw(st.sampled_from(ACTS)),
            by=draw(st.text() | st.just("morgan@acme.example")),
            id=draw(text),
            reason=draw(text | st.just("not_now")),
            until=draw(st.none() | _instants),
            why=draw(text),
            to=draw(text),
            channel=draw(text),
            note=draw(text),
            amount=draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
            currency=draw(text | st.just("USD")),
            task=draw(text),
        )
    if kind == 2:
        return Result(
            arrived=at,
            key=draw(st.text()),
            outcome=draw(st.sampled_from(("sent", "skipped", "failed", "assigned", "unassigned"))),
            why=draw(st.none() | st.text()),
        )
    if kind == 3:
        return Created(arrived=at, profile=draw(_weird))
    return MalformedInput(
        arrived=at, name=draw(st.text() | st.sampled_from(ACTS)), why=draw(st.text())
    )


@FEW
@given(programs(), _weird, st.data())
def test_no_input_makes_the_rules_fail(program: Any, profile: Any, data: st.DataObject) -> None:
    book = rulebook(program)
    state = new_lead(LEAD, program)
    at = START
    given_inputs: list[Input] = [Created(arrived=at, profile=profile)]
    for _ in range(data.draw(st.integers(1, 5))):
        decision = decide(book, state, given_inputs, at, people=PEOPLE)
        state = decision.state
        dump_state(state)
        at += timedelta(minutes=data.draw(st.sampled_from((0, 1, 60, 10_000, 3_000_000))))
        given_inputs = [
            data.draw(_inputs_from_outside(at)) for _ in range(data.draw(st.integers(0, 3)))
        ]
    decide(book, state, given_inputs, at, people=PEOPLE)


@FEW
@given(_weird, st.sampled_from(ACTS), _weird)
def test_events_and_acts_that_can_be_read_can_be_stored(event: Any, do: str, act: Any) -> None:
    for read in (
        lambda: read_event({"type": "page.viewed", "data": event}, START),
        lambda: read_act(do, {"by": "riley@acme.example", **act}, START),
    ):
        try:
            taken = read()
        except ValueError as error:
            str(error).encode()
        else:
            repr(replace(taken)).encode()


@pytest.mark.parametrize("text", ["\ud800", "\0", "x\0y"])
def test_characters_that_no_database_can_store_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="written down"):
        read_event({"type": "page.viewed", "data": {"a": [text]}}, START)
    with pytest.raises(ValueError, match="written down"):
        read_act("note", {"by": "riley@acme.example", "note": text}, START)
