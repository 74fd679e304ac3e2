"""What holds whatever happens to a lead, under Acme's program and under ones nobody would write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lifecycle.calendars.local_time import later
from lifecycle.decide import decide, new_lead
from lifecycle.program.profile import lead_zone, read_profile
from lifecycle.program.rulebook import rulebook
from lifecycle.stages import MOVES
from models.decision import Entry
from models.inputs import ACTS, Act, Created, Event, Input, MalformedInput, Result
from models.instants import parse_instant
from models.messages import read_act, read_event
from models.state import dump_state
from tests.lifecycle.lives import (
    EVENT_TYPES,
    LEAD,
    PEOPLE,
    START,
    Life,
    live,
    lives,
    programs,
    with_duplicates,
)

few = settings(
    max_examples=60,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # lives are long; shrinking one takes minutes
)


def _told(entries: list[Entry]) -> list[tuple[datetime, str, Mapping[str, Any]]]:
    return [(entry.at, entry.kind, entry.fields) for entry in entries]


def _only(entries: list[Entry], *kinds: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind in kinds]


@few
@given(lives())
def test_entries_are_numbered_without_a_gap_and_time_never_runs_backwards(life: Life) -> None:
    entries = live(life)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    instants = [entry.at for entry in entries]
    assert instants == sorted(instants)


@few
@given(lives())
def test_stage_moves_stay_inside_the_table(life: Life) -> None:
    stage = "known"
    for entry in _only(live(life), "stage"):
        assert entry.fields["from"] == stage
        stage = entry.fields["to"]
        assert stage in MOVES[entry.fields["from"]]


@few
@given(lives())
def test_at_most_one_track_runs_and_none_with_sales(life: Life) -> None:
    running, stage = None, "known"
    last_entered: dict[str, datetime] = {}
    for entry in live(life):
        if entry.kind == "track_entered":
            assert running is None
            assert stage in ("known", "engaged", "recycled", "customer")
            running = entry.fields["track"]
            assert last_entered.get(running) != entry.at, "entered twice in one instant"
            last_entered[running] = entry.at
        elif entry.kind == "track_left":
            assert entry.fields["track"] == running
            running = None
        elif entry.kind == "stage":
            stage = entry.fields["to"]


@few
@given(lives())
def test_no_mail_is_sent_while_suppressed_nor_twice_in_a_cycle(life: Life) -> None:
    suppressed: set[str] = set()
    sent: set[str] = set()
    for entry in live(life):
        if entry.kind == "suppressed":
            suppressed.add(entry.fields["why"])
        elif entry.kind == "unsuppressed":
            suppressed.discard(entry.fields["why"])
        elif entry.kind == "recycled":
            sent = set()
        elif entry.kind == "email_sent":
            email = entry.fields["email"]
            assert email not in sent
            sent.add(email)
            stops = suppressed
            if life.program.emails[email].operational:
                stops = suppressed - {"unsubscribed"}
            assert not stops


@few
@given(lives())
def test_caps_and_windows_are_never_violated(life: Life) -> None:
    zone = lead_zone(read_profile(life.profile, life.program).values, life.program)
    sending = life.program.sending
    sends = [
        entry.at
        for entry in _only(live(life), "email_sent")
        if not life.program.emails[entry.fields["email"]].operational
    ]
    for cap in sending.caps:
        assert cap.per is not None
        for number, at in enumerate(sends):
            counted = [one for one in sends[: number + 1] if later(one, cap.per, zone) > at]
            assert len(counted) <= cap.most
    if sending.send_window is not None:
        assert all(_in_window(sending.send_window, at, zone) for at in sends)


def _in_window(window: Any, at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    hours, today = window.hours, local.weekday()
    if today in window.days and hours.start <= minute < hours.end:
        return True
    return (today - 1) % 7 in window.days and minute < hours.end - 24 * 60


@few
@given(lives())
def test_a_deferred_mail_is_tried_again_at_its_instant(life: Life) -> None:
    """A mail that was deferred is sent, skipped or deferred again then, or its track was left."""
    entries = live(life)
    for place, entry in enumerate(entries):
        if entry.kind != "email_deferred":
            continue
        until = parse_instant(entry.fields["until"])
        assert until > entry.at
        after = entries[place + 1 :]
        step = entry.fields["step"]
        end = next(
            (
                one
                for one in after
                if one.kind == "track_left"
                or (one.kind.startswith("email_") and one.fields["step"] == step)
            ),
            None,
        )
        if end is not None and end.kind != "track_left":
            assert end.at == until


@few
@given(lives())
def test_the_same_inputs_give_the_same_timeline_also_through_json(life: Life) -> None:
    assert _told(live(life)) == _told(live(life, through_json=True))


@few
@given(
    lives(), st.lists(st.tuples(st.integers(0, 20), st.sampled_from((0, 1, 700, 9000))), max_size=6)
)
def test_events_sent_again_change_nothing(life: Life, places: list[tuple[int, int]]) -> None:
    twice = with_duplicates(life, places)
    last = max((one.arrived for one in life.inputs), default=START)
    longer = max((one.arrived for one in twice.inputs), default=START) - last
    once = live(life, days_after=400 + longer.days + 1)
    again = live(twice, days_after=400)
    until = last + timedelta(days=400)
    kept = [
        one
        for one in _told(again)
        if not (one[1] == "ignored" and one[2]["why"] == "duplicate") and one[0] <= until
    ]
    assert kept == [
        one
        for one in _told(once)
        if not (one[1] == "ignored" and one[2]["why"] == "duplicate") and one[0] <= until
    ]


# -- what strangers send ------------------------------------------------------------------

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
def _strangers(draw: st.DrawFn, at: datetime) -> Input:
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


@few
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
        given_inputs = [data.draw(_strangers(at)) for _ in range(data.draw(st.integers(0, 3)))]
    decide(book, state, given_inputs, at, people=PEOPLE)


@few
@given(_weird, st.sampled_from(ACTS), _weird)
def test_what_is_read_of_strangers_can_be_written_down(event: Any, do: str, act: Any) -> None:
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
def test_characters_that_no_database_keeps_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="written down"):
        read_event({"type": "page.viewed", "data": {"a": [text]}}, START)
    with pytest.raises(ValueError, match="written down"):
        read_act("note", {"by": "riley@acme.example", "note": text}, START)
