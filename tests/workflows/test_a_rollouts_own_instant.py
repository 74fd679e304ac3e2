"""What a program does counts from its own instant, however late its rollout reaches a lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.late_rollouts import at_its_instant, sent_body
from models.envelopes import ProgramClock
from models.instants import write_instant
from models.rollout import Json, Rollout, publication_body
from workflows.messages import signalled

AT = datetime(2026, 3, 2, 14, 0, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BODIES = (publication_body("d" * 64, "migrate", recheck=True), {"do": "pause"}, {"do": "resume"})


def sent(body: Json, at: datetime = AT) -> Json:
    return sent_body(Rollout(number=1, name="acme", body=body, workflow="w", at=at))


def arrived(body: Any, reached: datetime, clock: ProgramClock | None = None) -> str:
    (came,) = signalled("program", [body], lambda one: one, reached, MINUTE)
    found = at_its_instant(came, clock, MINUTE)
    assert "at" not in found["body"]
    return found["arrived"]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body["do"]))
@pytest.mark.parametrize(
    ("late", "counts"),
    [
        (timedelta(0), timedelta(0)),
        (timedelta(minutes=17), timedelta(0)),
        (timedelta(hours=1), timedelta(0)),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(seconds=-3), timedelta(seconds=-3)),
    ],
)
def test_it_counts_from_its_instant_for_an_hour_and_never_before_it_came(
    body: Json, late: timedelta, counts: timedelta
) -> None:
    assert arrived(sent(body), AT + late) == write_instant(AT + counts)


def test_its_instant_is_read_on_the_clock_of_the_lead() -> None:
    clock = ProgramClock(wall=AT, program=AT + timedelta(days=200), speed=60)
    reached = AT + timedelta(days=200, minutes=9)
    body = sent({"do": "pause"}, AT + timedelta(seconds=2))
    assert arrived(body, reached, clock) == write_instant(reached - timedelta(minutes=7))


@pytest.mark.parametrize("said", ["never", 7, None, "9999-12-31T23:59:59-12:00"])
def test_an_instant_that_makes_no_sense_is_not_used(said: object) -> None:
    body = publication_body("d" * 64, "pin", recheck=False) | {"at": said}
    assert arrived(body, AT) == write_instant(AT)


def test_what_else_comes_keeps_the_instant_at_which_it_came() -> None:
    for name, body in (("program", {"do": "pause"}), ("events", {"at": "2020-01-01"})):
        (came,) = signalled(name, [body], lambda one: one, AT, MINUTE)
        assert at_its_instant(came, None, MINUTE) == came
