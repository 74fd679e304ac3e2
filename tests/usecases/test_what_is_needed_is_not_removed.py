"""The directory is that of all programs: what another program or a lead needs stays in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from models.directory import Directory, Team
from tests.cli.conftest import ACME, Leadflow
from tests.cli.conftest import TEAMS as TEAMS_FILE
from tests.gateway.sales_keys import RILEY, TEAMS, apply_directory, store_lead_for_each_person
from usecases.applying_teams import NeededError, apply_teams, needs_of_removed
from usecases.publishing import publish


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Database]:
    """People, leads of theirs, and the published program acme."""
    url = f"sqlite:///{tmp_path / 'site.db'}"
    migrate(url)
    opened = open_database(url)
    apply_directory(opened, TEAMS)
    publish(opened, read_program(Path(ACME)), None)
    store_lead_for_each_person(opened)
    yield opened
    opened.close()


def without_riley() -> Directory:
    teams = {
        name: team.model_copy(
            update={"members": tuple(one for one in team.members if one.email != RILEY)}
        )
        for name, team in TEAMS.teams.items()
    }
    return Directory(teams=teams)


def test_a_team_that_a_program_names_is_not_removed(site: Database) -> None:
    fewer = Directory(teams={name: team for name, team in TEAMS.teams.items() if name != "sdr"})
    with pytest.raises(NeededError) as refused:
        apply_teams(site, fewer)
    said = str(refused.value)
    assert "team sdr is needed by program acme, handoff.routing[1].otherwise" in said
    assert "write --remove if it is meant" in said
    assert SqlDirectory(site).applied() == TEAMS
    assert needs_of_removed(site, fewer) == refused.value.needs


def test_a_member_who_owns_an_open_lead_is_not_removed(site: Database) -> None:
    with pytest.raises(NeededError, match=rf"{RILEY} of team sdr is needed by 1 open lead"):
        apply_teams(site, without_riley())
    assert SqlDirectory(site).applied() == TEAMS


def test_what_is_meant_is_removed(site: Database) -> None:
    applied = apply_teams(site, without_riley(), remove=True)
    assert RILEY in applied.departed
    assert not SqlDirectory(site).applied().knows(RILEY)


def test_what_nothing_needs_is_removed_without_a_word(site: Database) -> None:
    more = Directory(teams={**TEAMS.teams, "spare": Team()})
    apply_teams(site, more)
    apply_teams(site, TEAMS)
    assert SqlDirectory(site).applied() == TEAMS


def test_a_program_is_published_with_fewer_teams_only_if_no_other_needs_them(
    site: Database,
) -> None:
    other = read_program(Path(ACME)).model_copy(update={"program": "other"})
    nobody = Directory(teams={})
    with pytest.raises(NeededError, match="needed by program acme"):
        publish(site, other, nobody)
    assert SqlDirectory(site).applied() == TEAMS
    publish(site, other, nobody, remove=True)
    assert SqlDirectory(site).applied() == nobody


def test_launch_refuses_to_remove_what_another_program_needs(
    leadflow: Leadflow, database: Database, tmp_path: Path
) -> None:
    before = SqlDirectory(database).applied()
    program = tmp_path / "lonely.yaml"
    program.write_text(
        "program: lonely\n"
        'sending: {from: "L <l@lonely.example>", postal_address: "1 Main Street"}\n'
        "handoff: {routing: [{otherwise: lonely}]}\n"
    )
    teams, leads = tmp_path / "teams.yaml", tmp_path / "leads.csv"
    teams.write_text(json.dumps({"teams": {"lonely": {"manager": "m@lonely.example"}}}))
    leads.write_text("email\nl@lonely-leads.example\n")
    arguments = ("launch", str(leads), "--program", str(program), "--teams", str(teams))
    tried = leadflow(*arguments, "--dry-run")
    assert "would be removed: team sdr" in tried.err
    assert "without --remove this is refused: team sdr is needed by program acme" in tried.err
    assert "refused" not in leadflow(*arguments, "--dry-run", "--remove").err
    refused = leadflow(*arguments)
    assert refused.status == 1
    assert "team sdr is needed by program acme, handoff.routing[1].otherwise" in refused.err
    assert SqlDirectory(database).applied() == before
    try:
        done = leadflow(*arguments, "--remove")
        assert done.status == 0
        assert "removed: team sdr" in done.err
    finally:
        assert leadflow("team", "apply", TEAMS_FILE, "--remove").status == 0
