"""Publishing at every door is interrupted at each of its database writes, and repeated.

An interrupted publication changes nothing. When it is repeated, all of it is stored.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.programs import SqlPrograms
from assembly.settings import Settings
from cli.stack import publish_first
from models.directory import Directory
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from tests.cli.conftest import ACME, Leadflow
from tests.gateway.sales_keys import RILEY, TEAMS, apply_directory, store_lead_for_each_person
from usecases.publishing import choose, publish

NAME = "interrupted"
Publish = Callable[[], bool]
"""Publishes once. Returns whether it was done."""


def copy_program(folder: Path, name: str) -> Path:
    """The shipped program under another name, with its templates."""
    shutil.copytree(Path(ACME).parent, folder / name)
    file = folder / name / f"{name}.yaml"
    file.write_text(Path(ACME).read_text().replace("program: acme", f"program: {name}", 1))
    return file


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return copy_program(tmp_path, NAME)


@pytest.fixture
def teams(tmp_path: Path) -> Path:
    """A teams file in which Riley, who owns a lead, is missing."""
    document = TEAMS.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for team in document["teams"].values():
        team["members"] = [one for one in team["members"] if one["email"] != RILEY]
    file = tmp_path / "teams.json.yaml"
    file.write_text(json.dumps(document))
    return file


@pytest.fixture
def unpublished(tmp_path: Path) -> Iterator[Database]:
    """A database with people and leads, in which no program was published."""
    url = f"sqlite:///{tmp_path / 'unpublished.db'}"
    migrate(url)
    opened = open_database(url)
    apply_directory(opened, TEAMS)
    store_lead_for_each_person(opened)
    yield opened
    opened.close()


def read_published(database: Database) -> Mapping[str, Any]:
    """What publishing changes."""
    items = table_of(IntakeItem)
    with database.read() as connection:
        left = sorted(connection.scalars(sa.select(items.c.item)))
    found = SqlPrograms(database).newest(NAME)
    return {
        "program": found.digest if found is not None else None,
        "people": SqlDirectory(database).applied(),
        "items": left,
    }


@contextmanager
def failing_write(number: int) -> Iterator[list[str]]:
    """This thread's writes, of which the one of this number (from 0) fails."""
    writes: list[str] = []
    ours = threading.get_ident()

    def before(_: Any, __: Any, statement: str, *___: Any) -> None:
        if threading.get_ident() != ours or statement.split(maxsplit=1)[0] not in {
            "INSERT",
            "UPDATE",
            "DELETE",
        }:
            return
        writes.append(statement)
        if len(writes) == number + 1:
            raise OperationalError(statement, None, Exception("interrupted by the test"))

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", before)
    try:
        yield writes
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", before)


def interrupted_everywhere(database: Database, publish: Publish) -> tuple[int, Mapping[str, Any]]:
    """Interrupt at each write in turn until none is left; how many there were, and the result."""
    before = read_published(database)
    for number in range(50):
        with failing_write(number) as writes:
            done = publish()
        if done:
            assert len(writes) == number
            after = read_published(database)
            assert publish()
            assert read_published(database) == after
            return number, after
        assert read_published(database) == before, f"write {number} left half: {writes[-1]}"
    raise AssertionError("publishing never came to its end")


def assert_all_is_published(after: Mapping[str, Any]) -> None:
    """The program, the directory and the intake item for Riley's lead are all stored."""
    assert after["program"] is not None
    assert not after["people"].knows(RILEY)
    assert len(after["items"]) == 1


def test_an_interrupted_use_case_stores_all_or_nothing(
    unpublished: Database, program: Path, teams: Path
) -> None:
    def attempt() -> bool:
        try:
            choose(str(program), teams, unpublished).publish(unpublished, remove=True)
        except OperationalError:
            return False
        return True

    writes, after = interrupted_everywhere(unpublished, attempt)
    assert writes >= 3
    assert_all_is_published(after)


def test_an_interrupted_up_stores_all_or_nothing(
    unpublished: Database, program: Path, teams: Path
) -> None:
    settings = Settings(database_url=str(unpublished.engine.url))

    def attempt() -> bool:
        try:
            publish_first(settings, program, teams)
        except OperationalError:
            return False
        return True

    _, after = interrupted_everywhere(unpublished, attempt)
    assert_all_is_published(after)


def test_an_interrupted_team_apply_stores_all_or_nothing(
    unpublished: Database, command: Leadflow, teams: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", str(unpublished.engine.url))

    def attempt() -> bool:
        ran = command("team", "apply", str(teams), "--remove")
        assert ran.status == 0 or "interrupted by the test" in ran.err
        return ran.status == 0

    _, after = interrupted_everywhere(unpublished, attempt)
    assert not after["people"].knows(RILEY)
    assert len(after["items"]) == 1


@pytest.mark.parametrize("door", ["launch", "enrol"])
def test_launch_and_enrol_publish_all_or_nothing(
    leadflow: Leadflow, database: Database, tmp_path: Path, door: str
) -> None:
    name = f"{NAME}_{door}"
    file = copy_program(tmp_path, name)
    leads = tmp_path / "leads.csv"
    leads.write_text(f"email\n{door}@publishing.example\n")
    what = {
        "launch": ("launch", str(leads)),
        "enrol": ("enrol", "--email", f"{door}@publishing.example"),
    }[door]
    programs = SqlPrograms(database)

    def attempt() -> bool:
        ran = leadflow(*what, "--program", str(file))
        assert ran.status == 0 or "interrupted by the test" in ran.err
        return ran.status == 0

    with failing_write(0):
        assert not attempt()
    assert programs.newest(name) is None
    assert attempt()
    assert attempt()
    assert programs.newest(name) is not None


def test_a_web_page_publishes_without_files(unpublished: Database) -> None:
    found = read_program(Path(ACME))
    applied = publish(unpublished, found, Directory(teams={}), remove=True)
    assert applied is not None
    assert RILEY in applied.departed
    assert SqlPrograms(unpublished).newest("acme") == found
