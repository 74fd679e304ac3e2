"""What the impact of a publication says comes true, line for line, and nothing else happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.publication import IN_FLIGHT, InFlight
from simulation.impact import impact
from simulation.scenario import PublishLine, Scenario, read_scenario
from tests.simulation.played_worlds import check_impact, standing_of, world_until

_FOLDER = Path(__file__).parent.parent / "scenarios"
SCENARIOS = {
    path.stem: read_scenario(path)
    for path in sorted(_FOLDER.glob("*.yaml"))
    if "publish: " in path.read_text("utf-8")
}


def first_publication(scenario: Scenario) -> PublishLine:
    return next(one for one in scenario.lines if isinstance(one, PublishLine))


@pytest.mark.parametrize("in_flight", IN_FLIGHT)
@pytest.mark.parametrize(
    "name", ["versions-migrate", "clocks-keep-what-was-promised-under-a-new-rule"]
)
def test_every_line_comes_true_and_none_is_missing(name: str, in_flight: InFlight) -> None:
    scenario = SCENARIOS[name]
    line = first_publication(scenario)
    choice = PublishLine(at=line.at, program=line.program, in_flight=in_flight, recheck=False)
    lines = check_impact(scenario, choice)
    assert lines > 0 or in_flight in ("pin", "finish")


def test_it_says_who_stands_at_a_step_that_goes_away_and_where_they_go_on() -> None:
    scenario = SCENARIOS["a-lead-keeps-its-place-when-its-version-changes"]
    line = first_publication(scenario)
    found = impact(standing_of(scenario, world_until(scenario, line.at), line.at), line)
    assert {one.lead: (one.track, one.step, one.goes_on) for one in found.gone} == {
        "gone": ("track-gone", "wait", None),
        "inbranch": ("in-a-branch", "long", "inner"),
        "kind": ("another-kind", "pause", "after"),
        "nothing": ("nothing-left", "pause", None),
        "outward": ("outward", "long", "outer"),
        "stepgone": ("step-gone", "wait-after-one", "two"),
    }


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_it_comes_true_at_any_instant_of_any_scenario(data: st.DataObject) -> None:
    scenario = SCENARIOS[data.draw(st.sampled_from(sorted(SCENARIOS)))]
    line = first_publication(scenario)
    seconds = data.draw(st.integers(0, 10 * 86_400))
    choice = PublishLine(
        at=scenario.start.fromtimestamp(
            scenario.start.timestamp() + seconds, scenario.start.tzinfo
        ),
        program=line.program,
        in_flight=data.draw(st.sampled_from(IN_FLIGHT)),
        recheck=data.draw(st.booleans()),
    )
    check_impact(scenario, choice)


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_the_version_that_overdue_leads_are_on_already_makes_nothing_otherwise(
    data: st.DataObject,
) -> None:
    names = ("versions-migrate", "versions-finish-and-pause")
    scenario = SCENARIOS[data.draw(st.sampled_from(names))]
    at = scenario.start + timedelta(hours=data.draw(st.integers(1, 120)))
    standing = standing_of(scenario, world_until(scenario, at), at)
    late = at + timedelta(hours=data.draw(st.integers(0, 240)))
    how = data.draw(st.sampled_from([one for one in IN_FLIGHT if one != "restart"]))
    line = PublishLine(at=late, program=standing.newest, in_flight=how, recheck=False)
    there = [
        one
        for one in standing.leads
        if one.state.digest == line.program.digest and one.state.finish is None
    ]
    assert impact(replace(standing, leads=there), line, timedelta(days=10)).lines == ()
