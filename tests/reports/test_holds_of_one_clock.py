"""Holds of all clocks (by an act) and of the qualify clock alone (by a meeting) that overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reports.life import About, Hold, RawEntry
from reports.reading import life_of

MONDAY = datetime(2026, 3, 9, 14, tzinfo=UTC)
Told = tuple[int, str, dict[str, Any]]
"""The hour, counted from Monday, the kind and the fields of an entry."""


def hour(number: int) -> datetime:
    return MONDAY + timedelta(hours=number)


def written(number: int) -> str:
    return hour(number).isoformat()


def holds_of(*told: Told) -> tuple[Hold, ...]:
    opened: tuple[Told, ...] = (
        (0, "created", {"stage": "mql"}),
        (0, "handoff_opened", {"handoff": 1, "team": "sdr"}),
        (0, "assigned", {"owner": "riley@acme.example", "attempt": 1}),
        (1, "accepted", {"handoff": 1, "by": "riley@acme.example"}),
    )
    entries = [
        RawEntry(seq=seq, at=hour(at), kind=kind, fields=fields)
        for seq, (at, kind, fields) in enumerate((*opened, *told), start=1)
    ]
    life = life_of("ana", About(program="acme"), entries)
    assert life is not None
    return life.handoffs[0].holds


MEETING = {"clocks": ["qualify"], "why": "meeting"}
BY_ACT = {"clocks": ["first_touch", "qualify"], "why": "on leave", "by": "riley@acme.example"}


def test_a_meeting_that_begins_during_a_longer_hold_ends_its_own_hold() -> None:
    meeting, act = holds_of(
        (2, "held", {**MEETING, "until": written(5)}),
        (3, "held", {**BY_ACT, "until": written(8)}),
        # At 5 the meeting begins. All clocks are held until 8, so no entry is written.
        (8, "resumed", {"clocks": ["first_touch", "qualify"], "why": "until"}),
        (9, "touched", {"n": 1, "by": "riley@acme.example"}),
    )
    assert (meeting.clocks, meeting.at, meeting.ended) == (("qualify",), hour(2), hour(5))
    assert (act.clocks, act.at, act.ended) == ((), hour(3), hour(8))


def test_a_meeting_goes_on_holding_its_clock_when_a_shorter_hold_ends() -> None:
    meeting, act = holds_of(
        (2, "held", {**MEETING, "until": written(9)}),
        (3, "held", {**BY_ACT, "until": written(5)}),
        (5, "resumed", {"clocks": ["first_touch"], "why": "until"}),
    )
    assert (meeting.ended, act.ended) == (None, hour(5))


@pytest.mark.parametrize("why", ["resume", "until", "reassigned"])
def test_both_end_when_all_clocks_go_on(why: str) -> None:
    both = holds_of(
        (2, "held", {**MEETING, "until": written(9)}),
        (3, "held", {**BY_ACT, "until": written(9)}),
        (7, "resumed", {"clocks": ["first_touch", "qualify"], "why": why}),
    )
    assert [one.ended for one in both] == [hour(7), hour(7)]


def test_a_cancelled_meeting_ends_no_hold_by_an_act() -> None:
    act, meeting = holds_of(
        (2, "held", {**BY_ACT, "until": written(4)}),
        (3, "held", {**MEETING, "until": written(9)}),
        (3, "resumed", {"clocks": ["qualify"], "why": "cancelled"}),
    )
    assert (act.ended, meeting.ended) == (None, hour(3))
