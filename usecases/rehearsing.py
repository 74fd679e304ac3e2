"""Scenarios played on a version before it is published, and people played on two versions.

A scenario names a program's file. Here it is played on the version in question instead, if that
bears the same name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.program.program import Program
from simulation.pure import play
from simulation.scenario import PublishLine, Scenario, read_scenario
from simulation.timeline import TimelineLine, barred, missed


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedScenario:
    """A scenario that does not hold on the version."""

    name: str
    why: tuple[str, ...]
    """What was expected and did not come, or came and must not; one sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What scenarios say of a version."""

    played: int
    failed: tuple[FailedScenario, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedOutcome:
    """How often something happens to the same people on two versions."""

    what: str
    before: int
    after: int


def rehearse(place: Path, program: Program) -> Rehearsal:
    """Play a scenario, or all in a folder, on this version; those of other programs are left out.

    Raises DocumentError for a scenario that can't be read.
    """
    files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    failed: list[FailedScenario] = []
    played = 0
    for file in files:
        scenario = read_scenario(file)
        if scenario.program.program != program.program:
            continue
        played += 1
        why = _broken(scenario, play(replace(scenario, program=program)))
        if why:
            failed.append(FailedScenario(name=file.stem, why=why))
    return Rehearsal(played=played, failed=tuple(failed))


def _broken(scenario: Scenario, lines: Sequence[TimelineLine]) -> tuple[str, ...]:
    absent = [
        f"expect[{place}] was not met: {_pattern(scenario.expect[place])}"
        for place in missed(scenario.expect, lines)
    ]
    present = [
        f"never[{place}] happened: {_pattern(scenario.never[place])} at {line['at']}"
        for place, line in barred(scenario.never, lines)
    ]
    return (*absent, *present)


def _pattern(wanted: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in wanted.items()) + "}"


def compare(cohort: Path, before: Program, after: Program) -> tuple[ComparedOutcome, ...]:
    """Play the people of a scenario on both versions, and count what happens to them.

    What its script publishes is left out. Raises DocumentError.
    """
    scenario = read_scenario(cohort)
    kept = tuple(line for line in scenario.lines if not isinstance(line, PublishLine))
    old, new = (
        _outcomes(play(replace(scenario, program=program, lines=kept)))
        for program in (before, after)
    )
    return tuple(
        ComparedOutcome(what=what, before=old[what], after=new[what])
        for what in sorted(old.keys() | new.keys(), key=_place)
    )


_COUNTED = {
    "created": "leads",
    "email_sent": "mails",
    "email_skipped": "mails not sent",
    "task_opened": "tasks",
    "handoff_opened": "handoffs",
    "breached": "deadlines missed",
    "suppressed": "suppressions",
}


def _outcomes(lines: Sequence[TimelineLine]) -> Counter[str]:
    """Kinds of entries, and how many leads were ever in each stage."""
    found = Counter(_COUNTED[line["kind"]] for line in lines if line["kind"] in _COUNTED)
    stages = {(line["lead"], line["to"]) for line in lines if line["kind"] == "stage"}
    found.update(f"leads in {stage}" for _, stage in stages)
    return found


def _place(what: str) -> tuple[int, str]:
    order = list(_COUNTED.values())
    return (order.index(what) if what in order else len(order), what)
