"""What the impact of a publication says comes true, line for line, and nothing else happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.decision import Entry
from models.publication import IN_FLIGHT, InFlight
from models.state import dump_state, read_state
from simulation.impact import (
    HORIZON,
    ImpactLine,
    InFlightLead,
    ProgramStanding,
    impact,
    lead_differences,
)
from simulation.pure import PureWorld
from simulation.scenario import (
    AnyLine,
    Line,
    MergeLine,
    Newcomer,
    PauseLine,
    PublishLine,
    Scenario,
    read_scenario,
)

_FOLDER = Path(__file__).parent.parent / "scenarios"
SCENARIOS = {
    path.stem: read_scenario(path)
    for path in sorted(_FOLDER.glob("*.yaml"))
    if "publish: " in path.read_text("utf-8")
}


def first_publication(scenario: Scenario) -> PublishLine:
    return next(one for one in scenario.lines if isinstance(one, PublishLine))


def world_until(scenario: Scenario, at: datetime) -> PureWorld:
    """The scenario's world as it stands when all that happens before `at` has happened."""
    world = PureWorld(scenario.program, scenario.people)
    places = {lead: place for place, lead in enumerate(sorted(scenario.leads))}
    happenings: list[Newcomer | AnyLine] = [*scenario.newcomers, *scenario.lines]
    for one in sorted(happenings, key=lambda one: (one.at, not isinstance(one, Newcomer))):
        if one.at >= at:
            break
        run_until(world, one.at)
        if isinstance(one, Newcomer):
            world.create(one, places[one.lead])
        elif isinstance(one, MergeLine):
            world.merge(one)
        elif isinstance(one, PauseLine):
            world.pause(one)
        elif isinstance(one, Line):
            world.take(one.lead, one.given)
    run_until(world, at)
    return world


def run_until(world: PureWorld, at: datetime, *, including: bool = False) -> None:
    while (due := world.next_due()) is not None and (due < at or (including and due == at)):
        world.do_due()


def standing_of(scenario: Scenario, world: PureWorld) -> ProgramStanding:
    """What the database would have of this world."""
    return ProgramStanding(
        leads=[
            InFlightLead(state=read_state(dump_state(state)), timeline=tuple(world.entries[lead]))
            for lead, state in world.states.items()
            if not state.closed
        ],
        versions={scenario.program.digest: scenario.program},
        newest=scenario.program,
        paused=any(state.paused_since for state in world.states.values()),
        people=scenario.people,
        shares={team: world.shares(team) for team in scenario.people.teams},
    )


def what_came(world: PureWorld, at: datetime) -> dict[str, Sequence[Entry]]:
    """What happened to each lead in flight from `at` on, as time went by."""
    seen = {lead: len(entries) for lead, entries in world.entries.items()}
    in_flight = [lead for lead, state in world.states.items() if not state.closed]
    run_until(world, at + HORIZON, including=True)
    return {lead: world.entries[lead][seen[lead] :] for lead in in_flight}


def true_lines(scenario: Scenario, line: PublishLine) -> list[ImpactLine]:
    """The differences between two worlds that were really played on."""
    without = what_came(world_until(scenario, line.at), line.at)
    world = world_until(scenario, line.at)
    seen = {lead: len(entries) for lead, entries in world.entries.items()}
    world.publish(line)
    run_until(world, line.at + HORIZON, including=True)
    return [
        one
        for lead in sorted(without)
        for one in lead_differences(lead, without[lead], world.entries[lead][seen[lead] :])
    ]


def check(scenario: Scenario, line: PublishLine) -> int:
    found = impact(standing_of(scenario, world_until(scenario, line.at)), line)
    expected = true_lines(scenario, line)
    assert sorted(found.lines, key=str) == sorted(expected, key=str)
    return len(expected)


@pytest.mark.parametrize("in_flight", IN_FLIGHT)
@pytest.mark.parametrize(
    "name", ["versions-migrate", "clocks-keep-what-was-promised-under-a-new-rule"]
)
def test_every_line_comes_true_and_none_is_missing(name: str, in_flight: InFlight) -> None:
    scenario = SCENARIOS[name]
    line = first_publication(scenario)
    choice = PublishLine(at=line.at, program=line.program, in_flight=in_flight, recheck=False)
    lines = check(scenario, choice)
    assert lines > 0 or in_flight in ("pin", "finish")


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
    check(scenario, choice)
