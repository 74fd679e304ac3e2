"""Properties of every timeline, under Acme's program and under random programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lifecycle.calendars.local_time import later
from lifecycle.program.profile import lead_zone, read_profile
from lifecycle.stages import MOVES
from models.decision import Entry
from models.instants import parse_instant
from tests.lifecycle.random_leads import (
    START,
    RandomLead,
    play,
    random_leads,
    with_duplicates,
)

FEW = settings(
    max_examples=30,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # random_leads are long; shrinking one takes minutes
)


def _comparable(entries: list[Entry]) -> list[tuple[datetime, str, Mapping[str, Any]]]:
    return [(entry.at, entry.kind, entry.fields) for entry in entries]


def _of_kinds(entries: list[Entry], *kinds: str) -> list[Entry]:
    return [entry for entry in entries if entry.kind in kinds]


@FEW
@given(random_leads())
def test_entries_are_numbered_without_a_gap_and_in_time_order(lead: RandomLead) -> None:
    entries = play(lead)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    instants = [entry.at for entry in entries]
    assert instants == sorted(instants)


@FEW
@given(random_leads())
def test_stage_moves_stay_inside_the_table(lead: RandomLead) -> None:
    stage = "known"
    for entry in _of_kinds(play(lead), "stage"):
        assert entry.fields["from"] == stage
        stage = entry.fields["to"]
        assert stage in MOVES[entry.fields["from"]]


@FEW
@given(random_leads())
def test_at_most_one_track_runs_and_none_while_sales_has_the_lead(lead: RandomLead) -> None:
    running, stage = None, "known"
    last_entered: dict[str, datetime] = {}
    for entry in play(lead):
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


@FEW
@given(random_leads())
def test_no_mail_is_sent_while_suppressed_nor_twice_in_a_cycle(lead: RandomLead) -> None:
    suppressed: set[str] = set()
    sent: set[str] = set()
    for entry in play(lead):
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
            if lead.program.emails[email].operational:
                stops = suppressed - {"unsubscribed"}
            assert not stops


@FEW
@given(random_leads())
def test_caps_and_windows_are_never_violated(lead: RandomLead) -> None:
    zone = lead_zone(read_profile(lead.profile, lead.program).values, lead.program)
    sending = lead.program.sending
    sends = [
        entry.at
        for entry in _of_kinds(play(lead), "email_sent")
        if not lead.program.emails[entry.fields["email"]].operational
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
    hours, today = window.hours, local.date()
    if _opens(window, today) and hours.start <= minute < hours.end:
        return True
    return _opens(window, today - timedelta(days=1)) and minute < hours.end - 24 * 60


def _opens(window: Any, day: date) -> bool:
    return day.weekday() in window.days and day not in window.holidays.also


@FEW
@given(random_leads())
def test_no_step_is_done_while_the_lead_pauses_its_mail(lead: RandomLead) -> None:
    pauses: dict[str, datetime] = {}
    for entry in play(lead):
        if entry.kind == "paused":
            until = parse_instant(entry.fields["until"])
            assert until > max(entry.at, pauses.get(entry.fields["why"], entry.at))
            pauses[entry.fields["why"]] = until
        elif entry.kind == "unpaused":
            assert pauses.pop(entry.fields["why"]) >= entry.at
        elif entry.kind in ("email_sent", "email_skipped", "task_opened", "notified"):
            assert all(until <= entry.at for until in pauses.values())


@FEW
@given(random_leads())
def test_a_deferred_mail_is_tried_again_at_its_instant(lead: RandomLead) -> None:
    """A mail that was deferred is sent, skipped or deferred again then, or its track was left."""
    entries = play(lead)
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
            # A pause may end early.
            assert end.at == until or (entry.fields["why"] == "paused" and end.at < until)


@FEW
@given(random_leads())
def test_the_same_inputs_give_the_same_timeline_also_through_json(lead: RandomLead) -> None:
    assert _comparable(play(lead)) == _comparable(play(lead, through_json=True))


@FEW
@given(
    random_leads(),
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from((0, 1, 700, 9000))), max_size=6),
)
def test_repeated_events_change_nothing(lead: RandomLead, places: list[tuple[int, int]]) -> None:
    twice = with_duplicates(lead, places)
    last = max((one.arrived for one in lead.inputs), default=START)
    longer = max((one.arrived for one in twice.inputs), default=START) - last
    once = play(lead, days_after=400 + longer.days + 1)
    again = play(twice, days_after=400)
    until = last + timedelta(days=400)
    kept = [
        one
        for one in _comparable(again)
        if not (one[1] == "ignored" and one[2]["why"] == "duplicate") and one[0] <= until
    ]
    assert kept == [
        one
        for one in _comparable(once)
        if not (one[1] == "ignored" and one[2]["why"] == "duplicate") and one[0] <= until
    ]
