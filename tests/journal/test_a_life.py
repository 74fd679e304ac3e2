"""Turns of the real rules are stored: the rows must match the entries that the rules write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from activities.ports import Fence
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.reports.leads import SqlReports
from adapters.reports.sla import Acceptance, SqlSla
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from lifecycle.decide import decide, new_lead
from lifecycle.program.rulebook import rulebook
from models.decision import AnyCommand, Assign, CountAssignment, Decision, Entry, SendMail
from models.inputs import Act, Created, Event, Input, Result
from models.state import LeadState

PROGRAMS = Path(__file__).parents[2] / "programs"
START = datetime.fromisoformat("2026-03-05T21:00:00Z")
RILEY = "riley@acme.example"


def play(
    people: SqlDirectory, lead: str, script: list[Input], until: datetime
) -> Iterator[tuple[Decision, datetime]]:
    """Turn after turn as the shell would run them, with every command done at once."""
    book = rulebook(read_program(PROGRAMS / "acme.yaml"))
    state = new_lead(lead, book.program)
    waiting, now = list(script), script[0].arrived
    while now <= until:
        inputs = [one for one in waiting if one.arrived <= now]
        waiting = [one for one in waiting if one.arrived > now]
        decision = decide(book, state, inputs, now, people=people.directory())
        yield decision, now
        state = decision.state
        waiting += [one for command in decision.commands for one in _done(people, state, command)]
        moments = [one.arrived for one in waiting]
        if decision.wake is not None:
            moments.append(decision.wake.at)
        if not moments:
            return
        now = max(now, min(moments))


def _done(people: SqlDirectory, state: LeadState, command: AnyCommand) -> list[Input]:
    if isinstance(command, Assign):
        owner, why = people.assign(state.lead, command, state.turn + 1)
        outcome = "assigned" if owner else "unassigned"
        return [
            Result(arrived=command.at, key=command.key, outcome=outcome, owner=owner, why=why)  # type: ignore[arg-type]  # one of the outcomes
        ]
    if isinstance(command, SendMail):
        return [Result(arrived=command.at, key=command.key, outcome="sent")]
    if isinstance(command, CountAssignment):
        people.count(state.lead, command, state.turn)
    return []


def read_all_rows(database: Database) -> dict[str, list[Any]]:
    """All rows but those that say who wrote them (`leads`)."""
    with database.read() as connection:
        return {
            name: sorted(map(repr, connection.execute(sa.select(table))))
            for name, table in SQLModel.metadata.tables.items()
            if name not in ("directories", "leads", "messages", "programs")
        }


@pytest.fixture
def people(database: Database) -> SqlDirectory:
    found = SqlDirectory(database)
    found.apply(read_directory(PROGRAMS / "teams.yaml"))
    return found


def life_inputs(lead: str) -> list[Input]:
    def at(**length: float) -> datetime:
        return START + timedelta(**length)

    profile = {"email": f"{lead}@globex.example", "employees": 400, "title": "Head of Ops"}
    return [
        Created(arrived=at(), profile=profile | {"country": "US", "consent": True}),
        Event(arrived=at(), at=at(), id="demo", type="form.submitted", subject="demo"),
        Act(arrived=at(days=4), do="accept", by=RILEY),
        Event(
            arrived=at(days=30), at=at(days=30), id="demo-2", type="form.submitted", subject="demo"
        ),
        Act(arrived=at(days=30, minutes=20), do="accept", by="morgan@acme.example"),
        Event(arrived=at(days=31), at=at(days=31), id="stop", type="email.unsubscribed"),
    ]


def test_the_rows_of_a_lead_that_was_breached_recycled_and_accepted_match_its_timeline(
    database: Database, people: SqlDirectory
) -> None:
    journal = SqlJournal(database)
    entries: list[Entry] = []
    for length, (decision, now) in enumerate(
        play(people, "bo", life_inputs("bo"), START + timedelta(days=32))
    ):
        journal.record(decision, Fence(run=1, length=length), now)
        entries += decision.entries
    reports = SqlReports(database)
    assert reports.timeline("bo") == tuple(entries)
    assert SqlSla(database).acceptance() == Acceptance(ended=2, in_time=1)
    dossier = reports.dossier("bo")
    assert dossier is not None
    assert dossier.line.stage == "sal"
    with database.read() as connection:
        rows = connection.execute(
            sa.text("SELECT number, owner, attempt, accept_breaches FROM handoffs ORDER BY number")
        ).all()
    assert [tuple(row) for row in rows] == [
        (1, "sam@acme.example", 2, 2),
        (2, "morgan@acme.example", 1, 0),
    ]


def test_turns_that_run_twice_leave_the_same_rows_as_turns_that_run_once(
    database: Database, people: SqlDirectory
) -> None:
    journal = SqlJournal(database)
    turns = list(play(people, "bo", life_inputs("bo"), START + timedelta(days=32)))
    for length, (decision, now) in enumerate(turns):
        journal.record(decision, Fence(run=1, length=length), now)
    once = read_all_rows(database)
    assert all(once[name] for name in ("entries", "handoffs", "assignments", "suppressions"))
    for length, (decision, now) in enumerate(turns[-4:], start=len(turns) - 4):
        journal.record(decision, Fence(run=2, length=length), now)
        journal.record(decision, Fence(run=2, length=length), now)
        journal.record(turns[0][0], Fence(run=1, length=9_999), now)
    twice = read_all_rows(database)
    assert twice == once
