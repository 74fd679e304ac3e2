"""The timeline at the desk: what matters, days, pages, notes and doors."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.words.desk_timeline import (
    PAGE,
    SHOWN,
    Shown,
    TimelineLine,
    TimelinePage,
    desk_sentence,
    timeline_page,
    topic_of,
)
from models.decision import Entry
from models.instants import parse_instant
from simulation.pure import play
from simulation.scenario import read_scenario
from tests.lifecycle.test_sales_words import MACHINE

ROOT = Path(__file__).parents[2]
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 5, 15, tzinfo=UTC)
NAMES = {"riley@acme.example": "Riley"}


def entry(seq: int, kind: str, *, ago: timedelta = timedelta(0), **fields: Any) -> Entry:
    return Entry(seq=seq, at=NOW - ago, kind=kind, fields=fields)


def shown(
    timeline: list[Entry], part: Shown = "matters", before: int | None = None
) -> TimelinePage:
    return timeline_page(timeline, shown=part, before=before, now=NOW, zone=NEW_YORK, names=NAMES)


def lines(page: TimelinePage) -> list[TimelineLine]:
    return [one for day in page.days for one in day.lines]


def happy_path() -> list[Entry]:
    """The entries of the worked example."""
    found = []
    for line in play(read_scenario(ROOT / "tests" / "scenarios" / "happy-path.yaml")):
        fields = {key: line[key] for key in line if key not in ("lead", "seq", "at", "kind")}
        at = parse_instant(line["at"])
        found.append(Entry(seq=int(str(line["seq"])), at=at, kind=str(line["kind"]), fields=fields))
    return found


def test_every_kind_of_entry_has_a_topic_and_everything_shows_them_all() -> None:
    text = (ROOT / "docs" / "timeline.md").read_text("utf-8").partition("## Every `why`")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    kinds = sorted({kind for row in rows for kind in re.findall(r"`([a-z_]+)`", row)})
    assert len(kinds) > 30
    timeline = [entry(place, kind) for place, kind in enumerate(kinds, start=1)]
    everything = shown(timeline, "all")
    assert everything.total == len(kinds)
    parts = [shown(timeline, part).total for part in ("lead", "sales", "mail")]
    assert sum(parts) == shown(timeline).total < everything.total
    assert all(topic_of(one) in ("lead", "sales", "mail", "machinery") for one in timeline)


def test_machinery_waits_behind_the_switch() -> None:
    timeline = happy_path()
    kinds = {one.seq: one.kind for one in timeline}
    matters = {kinds[one.seq] for one in lines(shown(timeline))}
    assert {"created", "event", "assigned", "accepted", "email_sent"} <= matters
    assert not {"track_entered", "track_left", "email_deferred", "reminded"} & matters
    assert shown(timeline, "all").total == len(timeline)


def test_no_entry_of_the_desk_is_in_the_words_of_the_machine() -> None:
    for one in lines(shown(happy_path(), "all")):
        assert not MACHINE.search(one.text), one.text


def test_entries_stand_under_the_days_of_the_reader() -> None:
    late = timedelta(hours=11)  # 04:00 UTC is the evening before in New York
    page = shown(
        [
            entry(1, "noted", ago=timedelta(days=400), by="riley@acme.example", note="old"),
            entry(2, "noted", ago=timedelta(days=8), by="riley@acme.example", note="older"),
            entry(3, "noted", ago=late, by="riley@acme.example", note="late"),
            entry(4, "noted", by="riley@acme.example", note="now"),
        ]
    )
    assert [day.heading for day in page.days] == [
        "Today",
        "Yesterday",
        "Wednesday 25 February",
        "Wednesday 29 January 2025",
    ]


def test_a_note_keeps_its_line_breaks_and_says_who_wrote_it_through_which_door() -> None:
    note = "First line\nsecond line"
    (one,) = lines(shown([entry(1, "noted", by="riley@acme.example", via="reply", note=note)]))
    assert (one.text, one.note, one.via) == ("Note by Riley", note, "by a reply to an alert")


def test_a_hold_keeps_the_words_of_the_person_who_held_it() -> None:
    held = entry(
        1,
        "held",
        clocks=["accept"],
        until="2026-03-06T15:00:00Z",
        why="waits for its board",
        by="riley@acme.example",
    )
    assert desk_sentence(held, NOW, NEW_YORK, NAMES) == (
        "On hold until Fri 10:00 EST: to accept (waits for its board), by Riley"
    )


def test_pages_hold_every_entry_once() -> None:
    timeline = [entry(seq, "noted", by="x@acme.example", note="n") for seq in range(1, 124)]
    seen: list[int] = []
    before: int | None = None
    for size in (PAGE, PAGE, 23):
        page = shown(timeline, "sales", before)
        found = [one.seq for one in lines(page)]
        assert len(found) == size
        seen += found
        before = page.older
    assert before is None
    assert seen == list(range(123, 0, -1))


def test_every_choice_has_a_name() -> None:
    assert next(iter(SHOWN)) == "matters"
    assert len(set(SHOWN.values())) == len(SHOWN)
