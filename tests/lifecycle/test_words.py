"""Timelines, instants and spans in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lifecycle.words.time_text import spoken_instant, spoken_span
from lifecycle.words.timeline_text import sentence
from models.decision import Entry
from models.instants import parse_instant
from simulation.pure import play
from simulation.scenario import read_scenario

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))
NEW_YORK = ZoneInfo("America/New_York")
THURSDAY = datetime(2026, 3, 5, 15, tzinfo=UTC)


def entries() -> Iterator[Entry]:
    """All entries of all scenarios."""
    for path in SCENARIOS:
        for line in play(read_scenario(path)):
            fields = {key: line[key] for key in line if key not in ("lead", "seq", "at", "kind")}
            at = parse_instant(line["at"])
            yield Entry(seq=int(str(line["seq"])), at=at, kind=str(line["kind"]), fields=fields)


def test_every_entry_of_every_scenario_has_a_sentence() -> None:
    kinds = set()
    for one in entries():
        text = sentence(one, lambda at: spoken_instant(at, THURSDAY, NEW_YORK))
        assert text != one.kind.replace("_", " "), f"no words for {one.kind}"
        assert "None" not in text
        assert text == text.strip(" ,:;")
        kinds.add(one.kind)
    assert len(kinds) > 30


def test_an_unknown_kind_is_shown_by_its_name() -> None:
    assert sentence(Entry(seq=1, at=THURSDAY, kind="beamed_up"), str) == "beamed up"


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (timedelta(0), "Thu 10:00 EST"),
        (timedelta(hours=8), "Thu 18:00 EST"),
        (timedelta(days=4), "Mon 11:00 EDT"),  # the clocks go forward on Sunday
        (timedelta(days=-5), "Sat 10:00 EST"),
        (timedelta(days=6), "Wed 11 Mar 11:00 EDT"),
        (timedelta(days=-7), "Thu 26 Feb 10:00 EST"),
        (timedelta(days=365), "Fri 5 Mar 2027 10:00 EST"),
    ],
)
def test_an_instant_near_now_is_written_without_a_date(away: timedelta, expected: str) -> None:
    assert spoken_instant(THURSDAY + away, THURSDAY, NEW_YORK) == expected


@pytest.mark.parametrize(
    ("seconds", "expected", "in_office"),
    [
        (0, "0 min", "0 min"),
        (59, "0 min", "0 min"),
        (7_800, "2 h 10 min", "2 h 10 min"),
        (7_200, "2 h", "2 h"),
        (86_400, "1 d", "24 h"),
        (273_600, "3 d 4 h", "76 h"),
        (273_540, "3 d 3 h", "75 h 59 min"),
    ],
)
def test_a_span_has_its_two_largest_units_and_office_time_has_hours(
    seconds: int, expected: str, in_office: str
) -> None:
    assert spoken_span(seconds) == expected
    assert spoken_span(seconds, office=True) == in_office
