"""What the rows of a list do: a dry run says what the launch then does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sql.database import Database, migrate, open_database
from adapters.sql.intake import SqlIntake
from adapters.sql.programs import SqlPrograms
from lifecycle.program.new_lead import NewLead, read_new_lead
from models.envelopes import Json
from models.instants import parse_instant
from models.on_conflict import OnConflict
from models.program.program import Program
from tests.lists.reading import PROGRAM
from usecases.launching import store_rows
from usecases.relay import Relay

NOW = parse_instant("2026-03-02T09:00:00Z")


class CountedLeads:
    """Leads that were started, and how often each."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.reached = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    async def enrol(
        self, lead: str, program: Program, profile: Json, *, arrived: str | None = None
    ) -> bool:
        self.reached.set()
        await self.answers.wait()
        assert (program.program, bool(profile), bool(arrived)) == ("lists", True, True)
        new = lead not in self.started
        self.started.append(lead)
        return new

    async def leave(self, lead: str, do: str, fields: Json) -> None:
        raise AssertionError(f"a launch leaves no act: {lead} {do} {fields}")

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        raise AssertionError(f"nothing is updated here: {lead}, {events}")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path_factory.mktemp('launching') / 'leadflow.db'}"
    migrate(url)
    opened = open_database(url)
    with opened.write() as connection:
        SqlPrograms(opened).publish_in(connection, PROGRAM)
    yield opened
    opened.close()


def row(person: str, given: str = "", title: str = "") -> NewLead:
    values = {"email": f"{person}@launching.example", "id": given, "title": title}
    return read_new_lead({name: value for name, value in values.items() if value}, PROGRAM)


def stored(
    database: Database, rows: list[NewLead], conflict: OnConflict = "keep", *, dry_run: bool = False
) -> list[tuple[str, str, str]]:
    intake = SqlIntake(database, gather=timedelta(0))
    outcomes = store_rows(intake, rows, PROGRAM, conflict=conflict, now=NOW, dry_run=dry_run)
    return [(one.status, one.lead, one.why) for one in outcomes]


ROWS = st.lists(
    st.builds(row, st.sampled_from("abcdef"), st.sampled_from(["", "k1", "k2", "k3"])), max_size=6
)


@given(
    batches=st.lists(st.tuples(ROWS, st.sampled_from(["keep", "fill", "overwrite"])), max_size=3)
)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_run_does_what_the_dry_run_said(
    database: Database, batches: list[tuple[list[NewLead], OnConflict]]
) -> None:
    for rows, conflict in batches:
        said = stored(database, rows, conflict, dry_run=True)
        assert stored(database, rows, conflict, dry_run=True) == said
        assert stored(database, rows, conflict) == said


async def test_a_relay_that_is_stopped_leaves_the_rest_to_the_next_relay_at_once(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'leadflow.db'}"
    migrate(url)
    opened = open_database(url)
    with opened.write() as connection:
        SqlPrograms(opened).publish_in(connection, PROGRAM)
    intake = SqlIntake(opened, gather=timedelta(0))
    store_rows(intake, [row("stuck")], PROGRAM, conflict="keep", now=NOW)

    hanging = CountedLeads()
    hanging.answers.clear()
    stopped = asyncio.create_task(Relay(intake, SqlPrograms(opened), hanging).once())
    await hanging.reached.wait()
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    leads = CountedLeads()
    assert await Relay(intake, SqlPrograms(opened), leads).once() == 1
    assert len(leads.started) == 1
    opened.close()
