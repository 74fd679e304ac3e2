from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.files.program import read_program
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from models.program.program import Program

ACME = Path(__file__).parents[2] / "programs" / "acme.yaml"


@pytest.fixture(scope="module")
def acme() -> Program:
    return read_program(ACME)


def test_a_published_program_is_loaded_by_its_digest(database: Database, acme: Program) -> None:
    programs = SqlPrograms(database)
    for _ in range(2):
        programs.publish(acme)
    loaded = SqlPrograms(database).load(acme.digest)
    assert loaded == acme
    assert loaded.digest == acme.digest
    assert programs.load(acme.digest) is programs.load(acme.digest)


def test_an_error_about_an_unknown_digest_names_it(database: Database) -> None:
    with pytest.raises(LookupError, match="no program with the digest 0000"):
        SqlPrograms(database).load("0000")


def test_the_newest_program_of_a_name_is_the_one_published_last(
    database: Database, acme: Program
) -> None:
    programs = SqlPrograms(database)
    assert programs.newest("acme") is None
    values = json.loads(acme.canonical_json) | {"timezone": "Europe/Berlin"}
    changed = Program.model_validate(values)
    assert changed.digest != acme.digest
    for one in (acme, changed, acme):
        programs.publish(one)
        found = programs.newest(acme.program)
        assert found is not None
        assert found.digest == one.digest
    assert programs.names() == (acme.program,)
