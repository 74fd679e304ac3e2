"""Worlds of the pure engine, played up to an instant, and what is true of a publication then."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from models.program.program import Program
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
    MergeLine,
    Newcomer,
    PauseLine,
    PublishLine,
    RunLine,
    Scenario,
    happenings,
)


def world_until(scenario: Scenario, at: datetime) -> PureWorld:
    """The scenario's world as it stands when all that happens before `at` has happened."""
    world = PureWorld(scenario.program, scenario.people)
    places = {lead: place for place, lead in enumerate(sorted(scenario.leads))}
    for one in happenings(dataclasses.replace(scenario, until=max(scenario.until, at))):
        if one.at >= at:
            break
        run_until(world, one.at)
        if isinstance(one, Newcomer):
            world.create(one, places[one.lead])
        else:
            _take(world, one)
    run_until(world, at)
    return world


def _take(world: PureWorld, line: AnyLine) -> None:
    if isinstance(line, PublishLine):
        world.publish(line)
    elif isinstance(line, MergeLine):
        world.merge(line)
    elif isinstance(line, PauseLine):
        world.pause(line)
    elif isinstance(line, RunLine):
        world.reengage(line)
    else:
        world.take(line.lead, line.given)


def run_until(world: PureWorld, at: datetime, *, including: bool = False) -> None:
    """Do what is due before `at`, or up to it."""
    while (due := world.next_due()) is not None and (due < at or (including and due == at)):
        world.do_due()


def standing_of(scenario: Scenario, world: PureWorld, at: datetime) -> ProgramStanding:
    """What the database would have of this world, which stands at `at`."""
    before = [one for one in scenario.lines if one.at < at]
    versions = [scenario.program, *(one.program for one in before if isinstance(one, PublishLine))]
    pauses = [one.pause for one in before if isinstance(one, PauseLine)]
    return ProgramStanding(
        leads=[
            InFlightLead(state=read_state(dump_state(state)), timeline=tuple(world.entries[lead]))
            for lead, state in world.states.items()
            if not state.closed
        ],
        versions={one.digest: one for one in versions},
        newest=versions[-1],
        paused=bool(pauses) and pauses[-1],
        people=scenario.people,
        shares={team: world.shares(team) for team in scenario.people.teams},
    )


def newest_before(scenario: Scenario, at: datetime) -> Program:
    """The newest version just before `at`."""
    return standing_of(scenario, PureWorld(scenario.program, scenario.people), at).newest


def check_impact(scenario: Scenario, line: PublishLine, horizon: timedelta = HORIZON) -> int:
    """Compare the impact with two worlds that are really played on. Returns how many lines."""
    standing = standing_of(scenario, world_until(scenario, line.at), line.at)
    found = impact(standing, line, horizon)
    expected = _true_lines(scenario, line, horizon)
    assert sorted(found.lines, key=str) == sorted(expected, key=str)
    if line.in_flight == "migrate":
        leaving = {one.lead for one in found.gone if one.goes_on is None}
        assert leaving == _losing_their_track(scenario, line)
    return len(expected)


def _losing_their_track(scenario: Scenario, line: PublishLine) -> set[str]:
    """The leads that a publication takes out of their track, as it has no place for them."""
    world, before = _from(scenario, line.at)
    world.publish(line)
    return {
        lead
        for lead, first in before.items()
        for entry in world.entries[lead][first:]
        if entry.kind == "track_left" and entry.fields["why"] == "gone"
    }


def _true_lines(scenario: Scenario, line: PublishLine, horizon: timedelta) -> list[ImpactLine]:
    """The differences between two worlds, without the publication and with it."""
    world, without = _from(scenario, line.at)
    run_until(world, line.at + horizon, including=True)
    before = {lead: world.entries[lead][first:] for lead, first in without.items()}
    world, _ = _from(scenario, line.at)
    world.publish(line)
    run_until(world, line.at + horizon, including=True)
    return [
        one
        for lead in sorted(without)
        for one in lead_differences(lead, before[lead], world.entries[lead][without[lead] :])
    ]


def _from(scenario: Scenario, at: datetime) -> tuple[PureWorld, dict[str, int]]:
    """The world at `at`, and how many entries each lead in flight has by then."""
    world = world_until(scenario, at)
    in_flight = [lead for lead, state in world.states.items() if not state.closed]
    return world, {lead: len(world.entries[lead]) for lead in in_flight}
