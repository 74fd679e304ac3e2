"""Scenario files: each mistake is reported with its line, and expectations match as documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.documents.problems import DocumentError
from simulation.pure import play
from simulation.scenario import read_scenario
from simulation.timeline import barred, matches, missed

PROGRAMS = Path(__file__).parent.parent / "scenarios" / "programs"
GOOD = f"""\
program: {PROGRAMS}/desk.yaml
teams: {PROGRAMS}/desk-teams.yaml
start: 2026-03-02T09:00:00Z
run_for: 1d
leads:
  - {{id: a, email: a@lead.example}}
  - {{id: b, email: b@lead.example, at: 2h}}
script:
  - {{at: 1h, lead: a, event: {{type: page.viewed, subject: /}}}}
"""
BEFORE = GOOD.count("\n")


def write_scenario(folder: Path, text: str) -> Path:
    file = folder / "scenario.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("  - {at: 1h, lead: zoe, act: {do: accept, by: ina@desk.example}}", 20, "no lead 'zoe'"),
        ("  - {at: 1h, lead: b, act: {do: accept, by: ina@desk.example}}", 5, "does not exist yet"),
        ("  - {at: 2026-03-02T10:00:00, lead: a, event: {type: page.viewed}}", 10, "time zone"),
        ("  - {at: soon, lead: a, event: {type: page.viewed}}", 10, "'soon' is not an instant"),
        ("  - {lead: a, event: {type: page.viewed}}", 5, "at"),
        ("  - {at: 1h, lead: a, act: {do: dance, by: ina@desk.example}}", 28, "'dance' is not an"),
        ("  - {at: 1h, lead: a, act: {do: accept}}", 28, "by: is missing"),
        ("  - {at: 1h, lead: a, act: {do: accept, by: i@x.example, hat: 1}}", 28, "hat"),
        ("  - {at: 1h, lead: a, event: {type: viewed}}", 30, "not an event type"),
        ("  - {at: 1h, lead: a, event: {subject: x}}", 30, "type: is missing"),
        (
            "  - {at: 1h, lead: a, event: {type: page.viewed, at: 2026-03-02T09:00:00}}",
            54,
            "time zone",
        ),
        (
            "  - {at: 1h, lead: a, act: {do: hold, by: i@x.example, until: 2026-03-03T09:00:00}}",
            63,
            "time zone",
        ),
        (
            "  - {at: 0m, lead: a, event: {type: meeting.booked, data: {starts_at: 2026-03-03}}}",
            71,
            "time zone",
        ),
        (f"  - {{at: 1h, publish: {PROGRAMS}/points.yaml}}", 23, "publishes versions of its own"),
        ("  - {at: 1h, pause: other}", 21, "pause names the scenario's program"),
        ("  - {at: 1h, run: digest}", 19, "a schedule that takes leads: reengage"),
        ("  - {at: 1h, run: reengage}", 19, "has no schedules.reengage"),
        ("  - {at: 1h, lead: a}", 5, "one of event, act"),
        ("  - {at: 1h, lead: a, when: 2, event: {type: page.viewed}}", 23, "unknown key"),
        ("expected: []", 1, "unknown key"),
        ("never:\n  - {lead: a, at: 2026-03-02T10:00:00}", 19, "time zone"),
    ],
)
def test_a_mistake_is_reported_with_its_place(
    tmp_path: Path, line: str, column: int, expected: str
) -> None:
    with pytest.raises(DocumentError) as error:
        read_scenario(write_scenario(tmp_path, GOOD + line + "\n"))
    problems = error.value.problems
    assert len(problems) == 1, problems
    assert expected in problems[0].message
    assert (problems[0].line, problems[0].column) == (BEFORE + 1 + line.count("\n"), column)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("start: 2026-03-02T09:00:00Z", "start: 2026-03-02T09:00:00", "time zone"),
        ("start: 2026-03-02T09:00:00Z", "", "needs a start"),
        ("run_for: 1d", "run_for: long", "'long' is not an instant"),
        ("run_for: 1d", "", "run_for"),
        ("run_for: 1d", "run_for: 99999999999d", "outside the calendar"),
        ("{id: a, email: a@lead.example}", "{id: a}", "needs an email"),
        ("{id: a, email: a@lead.example}", "{id: a, email: a}", "not an address"),
        ("{id: a, email: a@lead.example}", "{id: b, email: a@lead.example}", "second lead 'b'"),
        ("email: a@lead.example}", "email: a@lead.example, hat: 1}", "'hat' is not a field"),
        ("email: a@lead.example}", "email: a@lead.example, employees: x}", "not a number"),
        ("at: 2h", "at: 2026-03-02T10:00:00", "time zone"),
        ("desk.yaml", "disk.yaml", "no such file"),
        ("desk-teams.yaml", "disk-teams.yaml", "no such file"),
    ],
)
def test_a_scenario_that_can_not_be_played_says_why(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(DocumentError) as error:
        read_scenario(write_scenario(tmp_path, text))
    assert expected in str(error.value)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    more = (
        "  - {at: soon, lead: a, event: {type: page.viewed}}\n"
        "  - {at: 1h, lead: zoe, event: {type: page.viewed}}\n"
        "  - {at: 1h, lead: a, act: {do: dance, by: ina@desk.example}}\n"
    )
    with pytest.raises(DocumentError) as error:
        read_scenario(write_scenario(tmp_path, GOOD + more))
    assert [one.line for one in error.value.problems] == [BEFORE + 1, BEFORE + 2, BEFORE + 3]


def test_a_line_at_the_very_instant_of_creation_comes_after_it(tmp_path: Path) -> None:
    more = "  - {at: 2h, lead: b, event: {type: page.viewed}}\n"
    lines = play(read_scenario(write_scenario(tmp_path, GOOD + more)))
    assert [(one["kind"], one.get("event")) for one in lines if one["lead"] == "b"] == [
        ("created", None),
        ("event", "script-2"),
    ]


@pytest.mark.parametrize(
    "at",
    [
        "1h",
        "0d 1h",
        "60m",
        "2026-03-02T10:00:00Z",
        "2026-03-02T10:00:00+00:00",
        "2026-03-02 05:00:00-05:00",
        "2026-03-02T10:00:00.5Z",
        "2026-03-02T10:00Z",
        "20260302T100000Z",
        "2026-W10-1T10:00:00Z",
    ],
)
def test_any_iso_form_of_an_instant_is_read(tmp_path: Path, at: str) -> None:
    text = GOOD.replace("at: 1h", f'at: "{at}"') + (
        f'expect:\n  - {{lead: a, kind: event, at: "{at}"}}\n'
    )
    scenario = read_scenario(write_scenario(tmp_path, text))
    lines = play(scenario)
    assert missed(scenario.expect, lines) == []
    assert next(one["at"] for one in lines if one["kind"] == "event") == "2026-03-02T10:00:00Z"


LINE = {"lead": "a", "kind": "event", "points": 1.25, "due": "2026-03-02T10:00:00Z", "late": True}


@pytest.mark.parametrize(
    ("pattern", "same"),
    [
        ({"points": 1.26}, True),
        ({"points": 1.2599}, True),
        ({"points": 1.27}, False),
        ({"due": "2026-03-02T05:00:00-05:00"}, True),
        ({"due": "2026-03-02T05:00:00-04:00"}, False),
        ({"late": True}, True),
        ({"late": False}, False),
        ({"machine": False}, True),
        ({"kind": True}, False),
        ({"kind": "event", "subject": "x"}, False),
        ({"subject": None}, True),
        ({"kind": None}, False),
        ({}, True),
    ],
)
def test_a_pattern_matches_by_its_own_fields(pattern: dict[str, Any], same: object) -> None:
    assert matches(pattern, LINE) is same


def test_expectations_are_matched_in_order_with_others_between() -> None:
    lines = [{"kind": kind} for kind in ("a", "b", "c", "b")]
    assert missed([{"kind": "a"}, {"kind": "c"}, {"kind": "b"}], lines) == []
    assert missed([{"kind": "c"}, {"kind": "a"}, {"kind": "b"}], lines) == [1]
    assert missed([{"kind": "b"}, {"kind": "b"}, {"kind": "b"}], lines) == [2]


def test_an_entry_that_must_not_occur_is_shown_with_its_line() -> None:
    lines = [{"kind": "a"}, {"kind": "b"}]
    assert barred([{"kind": "c"}, {"kind": "b"}], lines) == [(1, {"kind": "b"})]


def test_two_leads_with_one_address_are_a_mistake_however_it_is_spelt(tmp_path: Path) -> None:
    text = GOOD.replace("b@lead.example", "A@LEAD.example")
    with pytest.raises(DocumentError) as error:
        read_scenario(write_scenario(tmp_path, text))
    [problem] = error.value.problems
    assert (problem.line, problem.column) == (7, 20)
    assert "lead 'a' has this address; one person is one lead" in problem.message
