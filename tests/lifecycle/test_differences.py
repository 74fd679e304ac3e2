"""The lines that describe how two versions of a program differ; each difference has a line."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.files.program import read_program
from lifecycle.changes.differences import differences
from models.program.program import Program

ACME = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")


def edited_acme(change: Any) -> Program:
    data = json.loads(ACME.canonical_json)
    change(data)
    return Program.model_validate(data)


def difference_lines(change: Any) -> list[str]:
    return [one.words for one in differences(ACME, edited_acme(change))]


def test_equal_programs_have_no_difference() -> None:
    assert differences(ACME, edited_acme(lambda _: None)) == ()


def test_a_shorter_clock_is_one_line_with_its_calendar() -> None:
    def shorter(data: dict[str, Any]) -> None:
        data["handoff"]["first_touch"]["within"] = "1h"

    (line,) = difference_lines(shorter)
    assert line.startswith("first touch clock: 2 h → 1 h")


def test_a_change_of_points_names_its_rule() -> None:
    def dearer(data: dict[str, Any]) -> None:
        data["scoring"]["engagement"]["rules"][1]["points"] = 45

    assert difference_lines(dearer) == ["email.replied: 40 → 45 points"]


def test_a_rule_that_is_inserted_leaves_those_after_it_alone() -> None:
    def inserted(data: dict[str, Any]) -> None:
        rules = data["scoring"]["engagement"]["rules"]
        rules.insert(0, {"on": "webinar.joined", "points": 12})

    assert difference_lines(inserted) == ["webinar.joined: new, points 12"]


def test_a_changed_subject_names_its_email() -> None:
    def renamed(data: dict[str, Any]) -> None:
        data["emails"]["welcome"]["subject"] = "Hello"

    assert difference_lines(renamed) == ["e-mail welcome: subject changed"]


def test_a_removed_step_is_named_by_its_id() -> None:
    def shorter(data: dict[str, Any]) -> None:
        del data["tracks"]["consideration"]["steps"][-1]

    assert any(
        "track consideration: step `demo-offer" in line and "gone" in line
        for line in difference_lines(shorter)
    )


def test_differences_are_listed_by_the_leads_that_they_affect() -> None:
    def both(data: dict[str, Any]) -> None:
        data["handoff"]["first_touch"]["within"] = "1h"
        data["lifecycle"]["engaged"] = "score.engagement >= 12.0"

    found = differences(ACME, edited_acme(both))
    assert [one.touches for one in found] == ["every lead", "leads with sales"]


def json_paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value."""
    found = [path]
    if isinstance(value, dict):
        for name, one in value.items():
            found += json_paths(one, (*path, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            found += json_paths(one, (*path, place))
    return found


@st.composite
def edited_programs(draw: st.DrawFn) -> Program:
    """A program that is acme but for one to three edits somewhere."""
    data = copy.deepcopy(json.loads(ACME.canonical_json))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(json_paths(data)[1:]))
        *above, last = path
        holder: Any = data
        for key in above:
            holder = holder[key]
        value = holder[last]
        match draw(st.sampled_from(["drop", "turn", "change"])):
            case "drop":
                del holder[last]
            case "turn" if isinstance(value, list):
                value.reverse()
            case "turn" if isinstance(value, dict):
                holder[last] = dict(reversed(value.items()))
            case _ if isinstance(value, float):
                holder[last] = value + draw(st.integers(1, 5))
            case _ if isinstance(value, str):
                holder[last] = draw(st.sampled_from(["3d", "50%", "ebook", "US", "2026-01-05"]))
            case _:
                assume(False)  # hypothesis' own way to discard an example
    try:
        return Program.model_validate(data)
    except ValidationError:
        assume(False)  # likewise
        raise


@given(edited_programs())
def test_two_programs_differ_exactly_if_a_line_says_how(other: Program) -> None:
    same = ACME.canonical_json == other.canonical_json
    assert (differences(ACME, other) == ()) == same
    assert (differences(other, ACME) == ()) == same


@pytest.mark.parametrize("section", json.loads(ACME.canonical_json))
def test_every_section_says_which_leads_it_affects(section: str) -> None:
    data = json.loads(ACME.canonical_json)
    other = copy.deepcopy(data)
    if section in ("program", "timezone"):
        other[section] = "acme2" if section == "program" else "Europe/Berlin"
    elif section == "sending":
        other[section]["holdout"] = "7%"
    else:
        del other[section]
    assert differences(Program.model_validate(data), Program.model_validate(other))
