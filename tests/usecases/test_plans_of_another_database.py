"""A plan says how leads stood in one database; in another one it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from models.program.program import Program
from tests.cli.conftest import ACME
from tests.gateway.stored_rows import store_lead
from usecases.impacting import impact_of, moved
from usecases.publishing import publish

PROGRAM = read_program(Path(ACME))


@contextmanager
def site(file: Path, program: Program | None, *leads: str) -> Iterator[Database]:
    """A database with leads of a published program."""
    migrate(f"sqlite:///{file}")
    opened = open_database(f"sqlite:///{file}")
    if program is not None:
        publish(opened, program, None)
    for lead in leads:
        store_lead(opened, lead, PROGRAM.digest)
    yield opened
    opened.close()


def test_a_plan_of_another_database_is_refused_with_what_is_otherwise_there(
    tmp_path: Path,
) -> None:
    later = PROGRAM.model_copy(update={"timezone": "Europe/Berlin"})
    with site(tmp_path / "mine.db", PROGRAM, "ana", "bob") as mine:
        _, plan = impact_of(mine, later, in_flight="migrate", recheck=False)
        assert moved(mine, plan) == []
    with site(tmp_path / "theirs.db", PROGRAM, "ana", "eve") as theirs:
        assert moved(theirs, plan) == ["1 lead came since: eve", "1 lead closed since: bob"]
    with site(tmp_path / "newer.db", later, "ana", "bob") as newer:
        (said,) = moved(newer, plan)
        assert said.startswith(f"the newest version is {later.digest[:12]} now")
    with site(tmp_path / "empty.db", None) as empty:
        assert moved(empty, plan) == ["no program 'acme' was published to this database"]
