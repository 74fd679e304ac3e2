"""The impact of a publication on 10,000 leads in flight: seconds of one core, without a server.

The leads are lived by the pure engine for up to four weeks, with what typically reaches them, and
stored by the journal. Then the impact is read and played as the command does it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from activities.ports import Fence
from adapters.files.program import read_program
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from assembly.settings import Settings
from bench.life import PEOPLE
from models.decision import Decision, Entry, Wake
from models.inputs import Event
from models.program.program import Program
from models.state import LeadState
from simulation.pure import PureWorld
from simulation.scenario import Newcomer
from usecases.impacting import impact_of

LEADS = 10_000
_LIVES = 200
"""So many lives are played; the leads have them in turn."""
_LEAD = "lead"
_PROGRAM = Path(__file__).resolve().parents[1] / "programs" / "acme.yaml"
_NOW = datetime(2026, 3, 30, 15, tzinfo=UTC)
_WEEKS = timedelta(weeks=4)
_HAPPENS = (("email.clicked", "welcome"), ("page.viewed", "/pricing"), ("form.submitted", "demo"))


@dataclass(frozen=True, slots=True)
class Played:
    """How many leads were in flight, the lines found, and the processor time (seconds)."""

    leads: int
    lines: int
    seconds: float


async def measure(home: Path) -> Played:
    """Make the leads, and play what a changed program does to them."""
    settings = Settings(home=home, database_url="")
    migrate(settings.database)
    database = open_database(settings.database)
    try:
        program = read_program(_PROGRAM)
        SqlPrograms(database).publish(program)
        SqlDirectory(database).apply(PEOPLE)
        store_lives(database, program, LEADS, _NOW)
        began = time.process_time()
        found, _ = impact_of(
            database, changed(program), in_flight="migrate", recheck=False, now=_NOW
        )
        return Played(found.leads, len(found.lines), time.process_time() - began)
    finally:
        database.close()


def changed(program: Program) -> Program:
    """Shorter waits, a step less, and a shorter clock."""
    written = json.loads(program.canonical_json)
    written["tracks"]["awareness"]["steps"][1]["wait"] = "2d"
    del written["tracks"]["consideration"]["steps"][2]
    written["handoff"]["qualify"]["within"] = "5d"
    return Program.model_validate(written)


def store_lives(database: Database, program: Program, leads: int, now: datetime) -> None:
    """Store so many leads as they stand now, by the rules and the journal."""
    chance = Random(11)  # noqa: S311 - no secret
    journal = SqlJournal(database)
    lives = [_lived(program, chance, now) for _ in range(_LIVES)]
    for number in range(leads):
        state, entries, wake = lives[number % _LIVES]
        lead = f"lead-{number:05}"
        profile = {**state.profile, "email": f"{lead}@x.example"}
        own = state.changed(lead=lead, turn=1, profile=profile)
        decision = Decision(state=own, entries=entries, wake=wake)
        journal.record(decision, Fence(run=1, length=1), now)


def _lived(
    program: Program, chance: Random, now: datetime
) -> tuple[LeadState, tuple[Entry, ...], Wake | None]:
    """A lead as it stands now, its timeline, and when it is due."""
    world = PureWorld(program, PEOPLE)
    at = now - _WEEKS * chance.random()
    profile = {"email": "lead@x.example", "employees": chance.choice((20, 900))}
    world.create(Newcomer(lead=_LEAD, at=at, profile=profile), 0)
    for number in range(chance.randrange(4)):
        at += timedelta(hours=chance.uniform(1, 72))
        if at >= now:
            break
        _run(world, at)
        type_, subject = chance.choices(_HAPPENS, (5, 5, 1))[0]
        event = Event(id=f"event-{number}", type=type_, at=at, arrived=at, subject=subject, data={})
        world.take(_LEAD, event)
    _run(world, now)
    due = world.next_due()
    wake = None if due is None else Wake(at=due, what="what is due")
    return world.states[_LEAD], tuple(world.entries[_LEAD]), wake


def _run(world: PureWorld, until: datetime) -> None:
    while (due := world.next_due()) is not None and due < until:
        world.do_due()
