"""Random scenarios: a random program, leads with inputs, and versions published meanwhile."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from models.inputs import Act, Event
from models.instants import write_instant
from models.messages import read_act, read_event
from models.program.program import Program
from models.publication import IN_FLIGHT
from simulation.scenario import (
    AnyLine,
    Line,
    MergeLine,
    Newcomer,
    PauseLine,
    PublishLine,
    RunLine,
    Scenario,
)
from tests.lifecycle.random_edits import document_of, edited
from tests.lifecycle.random_leads import PEOPLE, START, RandomLead, random_leads

NAMES = ("ana", "bob", "eve")
_selects: st.SearchStrategy[Mapping[str, Any]] = st.sampled_from(
    ({}, {"idle_for": "1d"}, {"stages": ["known", "engaged"]}, {"score": "score.total < 50.0"})
)
_gaps = st.sampled_from((0, 1, 30, 5 * 60, 24 * 60, 3 * 24 * 60))
_seldom = st.sampled_from((False, False, False, True))


@st.composite
def scenarios(draw: st.DrawFn, *, longest: int = 8) -> Scenario:
    """One to three leads under one program, which changes up to three times."""
    first = draw(random_leads(longest=longest))
    program = _with_schedule(draw, first.program)
    others = st.builds(lambda: program)
    leads = [
        first,
        *(draw(random_leads(others, longest=longest)) for _ in range(draw(st.integers(0, 2)))),
    ]
    lines: list[AnyLine] = [
        line for name, lead in zip(NAMES, leads, strict=False) for line in _lines_of(name, lead)
    ]
    lines += draw(_lines_of_the_program(program, len(leads)))
    ends = max((one.at for one in lines), default=START)
    return Scenario(
        program=program,
        people=PEOPLE,
        start=START,
        until=ends + timedelta(days=draw(st.sampled_from((0, 2, 10, 30)))),
        newcomers=tuple(
            Newcomer(lead=name, at=START, profile={**lead.profile, "email": f"{name}@x.example"})
            for name, lead in zip(NAMES, leads, strict=False)
        ),
        leads=NAMES[: len(leads)],
        lines=tuple(sorted(lines, key=lambda one: one.at)),
        expect=(),
        never=(),
    )


def _with_schedule(draw: st.DrawFn, program: Program) -> Program:
    """The program with a schedule that re-engages leads."""
    track = draw(st.sampled_from(sorted(program.tracks)))
    schedule = {"cron": "0 9 * * *", "select": draw(_selects), "track": track}
    return Program.model_validate({**document_of(program), "schedules": {"reengage": schedule}})


def _lines_of(name: str, lead: RandomLead) -> Iterator[Line]:
    """What reaches a lead, as a door would read it; what a door refuses is left out."""
    for given in lead.inputs:
        assert isinstance(given, Event | Act)
        said = {
            key: write_instant(value) if isinstance(value, datetime) else value
            for key, value in dataclasses.asdict(given).items()
            if value is not None and key not in ("arrived", "ref", "duplicate")
        }
        try:
            read: Event | Act = (
                read_event(said, given.arrived)
                if isinstance(given, Event)
                else read_act(
                    str(said.pop("do")), {"id": f"act-{given.arrived}", **said}, given.arrived
                )
            )
        except ValueError:
            continue
        yield Line(lead=name, given=read)


@st.composite
def _lines_of_the_program(draw: st.DrawFn, program: Program, leads: int) -> list[AnyLine]:
    """One to five lines: publications, pauses, runs of the schedule, and a merge."""
    lines: list[AnyLine] = []
    at, newest = START, program
    versions = [program]
    for _ in range(draw(st.integers(1, 5))):
        at += timedelta(minutes=draw(_gaps))
        kind = draw(st.sampled_from(("publish", "publish", "publish", "pause", "run", "merge")))
        if kind == "publish":
            newest = draw(st.sampled_from(versions)) if draw(_seldom) else draw(edited(newest))
            versions.append(newest)
            lines.append(
                PublishLine(
                    at=at,
                    program=newest,
                    in_flight=draw(st.sampled_from(IN_FLIGHT)),
                    recheck=draw(st.booleans()),
                )
            )
        elif kind == "pause":
            lines.append(PauseLine(at=at, pause=draw(st.booleans())))
        elif kind == "run" and newest.schedules:
            lines.append(RunLine(at=at))
        elif kind == "merge" and leads > 1:
            keep, other = draw(st.permutations(NAMES[:leads]))[:2]
            lines.append(MergeLine(at=at, lead=keep, other=other))
    return lines
