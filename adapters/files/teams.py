"""Reading the directory of sales people from `teams.yaml`, and whether a program fits it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path as FilePath

from pydantic import ValidationError

from adapters.checks.calendars import check_zone
from adapters.checks.mail import check_address
from adapters.documents.marked import Document, Node
from adapters.documents.problems import Path, Problem, meant, written_path
from adapters.documents.schema_errors import report_schema_errors
from adapters.documents.yaml import read_document
from models.directory import Directory
from models.program.handoff import QualifyClock
from models.program.program import Program
from models.program.tracks import AnyStep, BranchingStep, TaskStep


def read_directory(path: FilePath) -> Directory:
    """Read and check the teams in this file. Raises DocumentError with all that is wrong."""
    document = read_document(path, "a directory of teams")
    document.root.value.pop("$schema", None)  # for editors
    for team in document.root.get("teams").values():
        _check_team(team)
    _check_people(document.root.get("marketing"), "among marketing's people")
    try:
        directory = Directory.model_validate(document.value, by_alias=True, by_name=False)
    except ValidationError as error:
        report_schema_errors(document, Directory, error)
        raise document.error() from None
    if document.problems:
        raise document.error()
    return directory


def _check_team(team: Node) -> None:
    manager = team.get("manager")
    if manager.text is not None:
        check_address(manager, "morgan@acme.example", named=False)
    _check_people(team.get("members"), "in this team", more=" (give it more leads by 'weight')")


def _check_people(people: Node, where: str, *, more: str = "") -> None:
    seen: dict[str, int] = {}
    for member in people.each():
        check_zone(member.get("timezone"))
        address = member.get("email")
        if address.text is None:
            continue
        check_address(address, "riley@acme.example", named=False)
        folded = address.text.strip().lower()
        line = address.document.values[address.path].line
        if folded in seen:
            address.report(
                f"'{folded}' is {where} twice, first in line {seen[folded]}; keep one{more}"
            )
        seen.setdefault(folded, line)


def check_meeting(
    program: Program, directory: Directory, *, file: FilePath | None = None
) -> tuple[Problem, ...]:
    """Where the program names a team that the directory lacks.

    With the program's `file`, each problem has its line and column there.
    """
    document = read_document(file, "a program") if file is not None else Document(program.program)
    for path, team in _teams_named(program):
        if team not in directory.teams:
            message = f"no team '{team}' in the directory; {meant(team, directory.teams)}"
            if file is not None:
                document.report(path, message)
            else:
                problem = Problem(document.file, 0, 0, written_path(path), message)
                document.problems.append(problem)
    return tuple(sorted(document.problems))


def unmanaged_teams(
    program: Program, directory: Directory, *, file: FilePath | None = None
) -> tuple[Problem, ...]:
    """Warnings where the program names a team that has no manager; `file` as in `check_meeting`."""
    document = read_document(file, "a program") if file is not None else Document(program.program)
    for path, team in _teams_named(program):
        if team in directory.teams and directory.teams[team].manager is None:
            document.report(path, _unmanaged(team), warning=True)
    if file is not None:
        return document.warnings
    return tuple(replace(one, line=0, column=0) for one in document.warnings)


def _unmanaged(team: str) -> str:
    return (
        f"team '{team}' has no manager, so nobody may reassign its leads, and nobody of sales is"
        " alerted of its breaches and unassigned leads; add 'manager: ADDRESS' to the team in the"
        " teams file"
    )


def teams_named(program: Program) -> Iterator[tuple[str, str]]:
    """Every team that the program names, with the place as it is written: `handoff.routing[0]`."""
    for path, team in _teams_named(program):
        yield written_path(path), team


def _teams_named(program: Program) -> Iterator[tuple[Path, str]]:
    for name, track in program.tracks.items():
        yield from _task_teams(track.steps, ("tracks", name, "steps"))
    if program.handoff is None:
        return
    for place, route in enumerate(program.handoff.routing):
        for key, team in (("team", route.team), ("otherwise", route.otherwise)):
            if team is not None:
                yield ("handoff", "routing", place, key), team
    listed = isinstance(program.handoff.qualify, tuple)
    for place, clock in enumerate(program.handoff.clocks("qualify")):
        if isinstance(clock, QualifyClock) and clock.then_to is not None:
            here = ("handoff", "qualify", *((place,) if listed else ()))
            yield (*here, "then_to"), clock.then_to


def _task_teams(steps: tuple[AnyStep, ...], path: Path) -> Iterator[tuple[Path, str]]:
    for place, step in enumerate(steps):
        here = (*path, place)
        if isinstance(step, TaskStep) and step.task.team is not None:
            yield (*here, "task", "team"), step.task.team
        elif isinstance(step, BranchingStep):
            yield from _task_teams(step.then, (*here, "then"))
            yield from _task_teams(step.else_, (*here, "else"))
