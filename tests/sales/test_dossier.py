from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lifecycle.words.time_text import spoken_instant, spoken_span
from lifecycle.words.timeline_text import sentence
from models.decision import Entry
from tests.docs.pages import ROOT
from tests.sales.alerted_lead import RILEY, THURSDAY, AlertedLead, ana_asks_for_a_demo


def test_a_raised_hand_comes_first_among_three_reasons_then_the_strongest_points() -> None:
    reasons = ana_asks_for_a_demo().dossier().reasons
    assert [one.text for one in reasons] == [
        "asked for sales: sent the form demo",
        "looked at /pricing (2 times)",
        "employees 900",
    ]
    assert reasons[0].points is None
    assert reasons[2].points == 20


def test_what_was_done_long_ago_counts_as_little_as_it_does_in_the_score() -> None:
    ana = ana_asks_for_a_demo()
    ana.at += timedelta(days=30)  # a half-life
    now_known = ana.dossier()
    assert now_known.reasons[-1].text == "looked at /pricing (2 times)"
    assert now_known.reasons[-1].points == pytest.approx(16, rel=0.01)
    assert now_known.engagement == pytest.approx(16, rel=0.01)


def test_the_dossier_lists_content_once_the_latest_first() -> None:
    read = ana_asks_for_a_demo().dossier().read
    assert [(one.text, one.times) for one in read] == [
        ("sent the form demo", 1),
        ("sent the form newsletter", 1),
        ("looked at /pricing", 2),
    ]


def test_the_deadline_shows_the_open_time_that_is_left() -> None:
    ana = ana_asks_for_a_demo()
    ana.at = THURSDAY.replace(hour=15, minute=50)
    (deadline,) = ana.dossier().deadlines
    assert deadline.due == THURSDAY.replace(hour=18)
    assert deadline.left == 2 * 3600 + 10 * 60
    assert (deadline.calendar, deadline.breached, deadline.held_until) == ("office", False, None)


def test_a_held_deadline_says_until_when() -> None:
    ana = ana_asks_for_a_demo()
    friday = THURSDAY.replace(day=6)
    ana.act("hold", RILEY, until=friday, why="travelling")
    (deadline,) = ana.dossier().deadlines
    assert deadline.held_until == friday
    ana.at_hour(10.5, days=1)
    assert ana.dossier().deadlines[0].held_until is None


def test_a_second_cycle_says_why_the_first_one_ended() -> None:
    ana = ana_asks_for_a_demo()
    assert ana.dossier().before is None
    ana.act("recycle", RILEY, reason="no_budget")
    now_known = ana.dossier()
    assert now_known.before == "no_budget"
    assert [one.text for one in now_known.reasons] == ["employees 900", "title VP Sales"]
    assert now_known.read == ()


def test_a_lead_of_which_only_the_address_is_known_has_a_dossier_too() -> None:
    ana = AlertedLead(first_name="", last_name="", company="", title="", phone="", employees=None)
    now_known = ana.dossier()
    assert now_known.name == "ana@northwind.example"
    assert (now_known.company, now_known.reasons, now_known.read, now_known.deadlines) == (
        "",
        (),
        (),
        (),
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 min"),
        (59, "0 min"),
        (60, "1 min"),
        (7_800, "2 h 10 min"),
        (7_200, "2 h"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_span_is_written_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert spoken_span(seconds) == words


def test_an_instant_that_is_near_is_said_by_its_day_of_the_week_and_others_by_their_date() -> None:
    zone = ZoneInfo("America/New_York")
    now = THURSDAY.astimezone(UTC)
    spoken = [spoken_instant(now + timedelta(days=days), now, zone) for days in (0, 5, 6, 330)]
    assert spoken == [
        "Thu 10:00 EST",
        "Tue 11:00 EDT",
        "Wed 11 Mar 11:00 EDT",
        "Fri 29 Jan 2027 10:00 EST",
    ]


def test_every_kind_of_timeline_entry_has_its_own_sentence() -> None:
    page = (ROOT / "docs" / "timeline.md").read_text("utf-8")
    kinds = {
        kind.strip(" `")
        for line in page.splitlines()
        if line.startswith("| `")
        for kind in line.split("|")[1].split(",")
    }
    assert len(kinds) > 30
    at = datetime(2026, 3, 5, tzinfo=UTC)
    for kind in kinds:
        bare = sentence(Entry(seq=1, at=at, kind=kind), lambda when: f"{when:%H:%M}")
        assert bare != kind.replace("_", " "), f"{kind} has no words"
    for one in ana_asks_for_a_demo().entries["ana"]:
        assert "None" not in sentence(one, lambda when: f"{when:%H:%M}")
