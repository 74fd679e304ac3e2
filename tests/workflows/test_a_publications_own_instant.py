"""A publication counts from its own instant, however late its rollout reaches a lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.publications import published
from models.envelopes import ProgramClock
from models.instants import write_instant
from models.rollout import publication_body
from workflows.messages import signalled

PUBLISHED = datetime(2026, 3, 2, 14, 0, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def arrived(body: Any, reached: datetime, clock: ProgramClock | None = None) -> str:
    (came,) = signalled("program", [body], lambda one: one, reached, MINUTE)
    found = published(came, clock, MINUTE)
    assert "published" not in found["body"]
    return found["arrived"]


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
    late: timedelta, counts: timedelta
) -> None:
    body = publication_body("d" * 64, "migrate", recheck=True, published=write_instant(PUBLISHED))
    assert arrived(body, PUBLISHED + late) == write_instant(PUBLISHED + counts)


def test_its_instant_is_read_on_the_clock_of_the_lead() -> None:
    clock = ProgramClock(wall=PUBLISHED, program=PUBLISHED + timedelta(days=200), speed=60)
    at = write_instant(PUBLISHED + timedelta(seconds=2))
    body = publication_body("d" * 64, "pin", recheck=False, published=at)
    reached = PUBLISHED + timedelta(days=200, minutes=9)
    assert arrived(body, reached, clock) == write_instant(reached - timedelta(minutes=7))


@pytest.mark.parametrize("said", ["never", 7, None, "9999-12-31T23:59:59-12:00"])
def test_an_instant_that_makes_no_sense_is_not_used(said: object) -> None:
    body = publication_body("d" * 64, "pin", recheck=False) | {"published": said}
    assert arrived(body, PUBLISHED) == write_instant(PUBLISHED)


def test_what_else_comes_keeps_the_instant_at_which_it_came() -> None:
    for name, body in (("program", {"do": "pause"}), ("events", {"published": "2020-01-01"})):
        (came,) = signalled(name, [body], lambda one: one, PUBLISHED, MINUTE)
        assert published(came, None, MINUTE) == came
