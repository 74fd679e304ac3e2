"""The directory: its own mistakes, and whether a program's teams are in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.documents.problems import DocumentError, Problem
from adapters.files.program import read_program
from adapters.files.teams import check_meeting, read_directory, unmanaged_teams
from models.directory import Directory

SHIPPED = Path(__file__).parents[2] / "programs"


def _problems(folder: Path, text: str) -> tuple[Problem, ...]:
    path = folder / "teams.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(DocumentError) as caught:
        read_directory(path)
    return caught.value.problems


def test_the_shipped_teams_are_fine_and_meet_the_reference_program() -> None:
    directory = read_directory(SHIPPED / "teams.yaml")
    assert list(directory.teams) == ["sdr", "emea", "ae"]
    assert check_meeting(read_program(SHIPPED / "acme.yaml"), directory) == ()


def test_all_mistakes_of_a_directory_are_reported_at_once(tmp_path: Path) -> None:
    text = """\
teams:
  sdr:
    manger: morgan@acme.example
    manager: morgan at acme
    members:
      - {email: riley@acme.example, capacity: -1}
      - {email: Riley@acme.example, weight: 0}
      - {email: sam@acme.example, timezone: Mars/Base}
      - {email: tess@acme.example, away: [{from: 2026-03-13, to: 2026-03-09}, {from: soon}]}
      - {name: Nobody}
      - {email: Ann <ann@acme.example>, capacity: "4"}
"""
    found = [(one.line, one.column, one.path) for one in _problems(tmp_path, text)]
    assert found == [
        (3, 5, "teams.sdr.manger"),
        (4, 14, "teams.sdr.manager"),
        (6, 47, "teams.sdr.members[0].capacity"),
        (7, 17, "teams.sdr.members[1].email"),
        (7, 45, "teams.sdr.members[1].weight"),
        (8, 45, "teams.sdr.members[2].timezone"),
        (9, 43, "teams.sdr.members[3].away[0]"),
        (9, 79, "teams.sdr.members[3].away[1].to"),
        (9, 86, "teams.sdr.members[3].away[1].from"),
        (10, 9, "teams.sdr.members[4].email"),
        (11, 17, "teams.sdr.members[5].email"),
        (11, 51, "teams.sdr.members[5].capacity"),
    ]


def test_a_member_may_be_in_two_teams(tmp_path: Path) -> None:
    path = tmp_path / "teams.yaml"
    path.write_text(
        "teams:\n  a: {members: [{email: x@y.test}]}\n  b: {members: [{email: x@y.test}]}\n"
    )
    assert len(read_directory(path).teams) == 2


def test_a_team_that_the_directory_lacks_is_reported_where_the_program_names_it() -> None:
    program = read_program(SHIPPED / "acme.yaml")
    directory = read_directory(SHIPPED / "teams.yaml")
    fewer = Directory(teams={name: team for name, team in directory.teams.items() if name != "sdr"})
    text = (SHIPPED / "acme.yaml").read_text("utf-8").splitlines()
    found = check_meeting(program, fewer, file=SHIPPED / "acme.yaml")
    assert [one.path for one in found] == [
        "tracks.consideration.steps[4].then[0].task.team",
        "handoff.routing[1].otherwise",
    ]
    assert all(text[one.line - 1][one.column - 1 :].startswith("sdr") for one in found)
    assert [one.path for one in check_meeting(program, Directory())] == [
        "handoff.qualify.then_to",
        "handoff.routing[0].team",
        "handoff.routing[1].otherwise",
        "tracks.consideration.steps[4].then[0].task.team",
    ]


def test_a_team_without_a_manager_is_warned_of_where_the_program_names_it() -> None:
    program = read_program(SHIPPED / "acme.yaml")
    directory = read_directory(SHIPPED / "teams.yaml")
    assert unmanaged_teams(program, directory) == ()
    emea = directory.teams["emea"].model_copy(update={"manager": None})
    headless = Directory(teams={**directory.teams, "emea": emea})
    text = (SHIPPED / "acme.yaml").read_text("utf-8").splitlines()
    (found,) = unmanaged_teams(program, headless, file=SHIPPED / "acme.yaml")
    assert (found.path, found.severity) == ("handoff.routing[0].team", "warning")
    assert text[found.line - 1][found.column - 1 :].startswith("emea")
    assert "add 'manager: ADDRESS' to the team" in found.message
    (bare,) = unmanaged_teams(program, headless)
    assert (bare.place, bare.message) == ("acme", found.message)
