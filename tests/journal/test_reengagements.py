"""A run of a re-engagement schedule reaches the right leads once, wherever it was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from temporalio.testing import ActivityEnvironment

from activities import paced, reengagement
from activities.reengagement import ReengageActivities
from adapters.files.program import read_program
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.sql.reengagements import SqlReengagements
from lifecycle.decide import decide
from lifecycle.program.rulebook import rulebook
from lifecycle.program.versions import Versions
from models.directory import Directory
from models.envelopes import Json, ReengageProgress, ReengageWork
from models.inputs import Reengage
from models.program.program import Program
from models.state import LeadState
from models.tables.columns import table_of
from models.tables.mail import Suppression
from simulation.pure import PureWorld
from simulation.scenario import Newcomer
from tests.journal.turns import FENCE, turn
from usecases.scheduling import preview

PROGRAMS = Path(__file__).parent.parent / "scenarios" / "programs"
PROGRAM = read_program(PROGRAMS / "reengaging.yaml")
NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = NOW - timedelta(days=100)


class KilledError(Exception):
    """The worker ended here."""


class RunLeads:
    """Leads that take a run in at once, by the real rules; some can't be reached."""

    def __init__(self, database: Database) -> None:
        self.journal = SqlJournal(database)
        self.programs = SqlPrograms(database)
        self.lost: frozenset[str] = frozenset()
        self.kill_after: int | None = None
        self.asleep: set[str] = set()
        self.told: list[str] = []

    async def program(self, lead: str, body: Json) -> None:
        if self.kill_after is not None and len(self.told) >= self.kill_after:
            raise KilledError
        if lead in self.lost:
            raise LookupError("its workflow does not answer")
        self.told.append(lead)
        state = self.journal.state(lead)
        assert state is not None
        if lead in self.asleep:
            self.asleep.remove(lead)
            return
        decision = decide(
            rulebook(self.programs.load(state.digest)),
            state,
            [Reengage(arrived=NOW, run=body["run"], version=body["version"])],
            NOW,
            people=Directory(),
            versions=Versions(
                load=self.programs.load,
                newest=lambda: state.digest,
                paused=lambda: False,
                timeline=tuple,
            ),
        )
        self.journal.record(decision, FENCE, NOW)

    def re_engaged(self, database: Database) -> list[str]:
        """The leads with an entry `reengaged`, as often as they have it."""
        from adapters.reports.leads import SqlReports  # noqa: PLC0415  # one test file needs it

        reports = SqlReports(database)
        leads = dict.fromkeys(sorted(self.told))
        kinds = [(lead, one.kind) for lead in leads for one in reports.timeline(lead)]
        return [lead for lead, kind in kinds if kind == "reengaged"]


def state_of(lead: str, program: Program = PROGRAM, *, days: int = 0) -> LeadState:
    """A lead that was created so many days after the first ones; nothing was heard of it since."""
    world = PureWorld(program, Directory())
    at = LONG_AGO + timedelta(days=days)
    profile = {"email": f"{lead}@x.example", "employees": 500}
    world.create(Newcomer(lead=lead, at=at, profile=profile), 0)
    while (due := world.next_due()) is not None and due < NOW - timedelta(days=1):
        world.do_due()
    return world.states[lead]


def store(database: Database, state: LeadState, **changes: Any) -> None:
    """Store it as its turn would."""
    made = turn(state.turn + 1, lead=state.lead)
    stored = state.changed(turn=state.turn + 1, seq=made.state.seq, **changes)
    SqlJournal(database).record(replace(made, state=stored), FENCE, NOW)


@pytest.fixture
def leads(database: Database) -> RunLeads:
    SqlPrograms(database).publish(PROGRAM)
    return RunLeads(database)


async def carry_out(
    database: Database, leads: RunLeads, run: str = "reengage/reengaging/monday"
) -> ReengageProgress:
    """Call the activity until the run has ended; the pauses between are left out."""
    activities = ReengageActivities(
        SqlReengagements(database), leads, SqlPrograms(database), SqlJournal(database)
    )
    while True:
        progress: ReengageProgress = await ActivityEnvironment().run(
            activities.reengage, ReengageWork(program="reengaging", run=run)
        )
        if progress["ended"]:
            return progress


async def test_it_takes_the_longest_idle_first_and_says_why_it_takes_no_others(
    database: Database, leads: RunLeads
) -> None:
    for days, lead in enumerate(("old", "older", "young")):
        store(database, state_of(lead, days=5 - days if lead != "young" else 9))
    store(database, state_of("hot"), last_human=NOW - timedelta(days=1))
    store(database, state_of("poor"), fit=0.0)
    store(database, state_of("sold"), stage="sql")
    store(database, state_of("gone"), closed=True)
    progress = await carry_out(database, leads)
    assert leads.told == ["older", "old"]
    assert (progress["found"], progress["taken"], progress["left_over"]) == (3, 2, 1)
    assert progress["why_not"] == {"idle": 1, "score": 1, "stage": 1}
    assert leads.re_engaged(database) == ["old", "older"]
    again = await carry_out(database, leads)
    assert again == progress
    assert leads.told == ["older", "old"]
    (run,) = SqlReengagements(database).latest("reengaging")
    assert (run.phase, run.version, dict(run.failed)) == ("ended", PROGRAM.digest, {})


async def test_the_next_run_takes_those_that_were_left_over(
    database: Database, leads: RunLeads
) -> None:
    for lead in ("a", "b", "c"):
        store(database, state_of(lead))
    await carry_out(database, leads, "reengage/reengaging/1")
    progress = await carry_out(database, leads, "reengage/reengaging/2")
    assert leads.told == ["a", "b", "c"]
    assert (progress["found"], progress["taken"]) == (1, 1)
    assert progress["why_not"] == {"idle": 2}


def _unlimited(database: Database) -> None:
    """Publish the program without `at_most`."""
    written = PROGRAM.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    del written["schedules"]["reengage"]["at_most"]
    SqlPrograms(database).publish(Program.model_validate(written))


def _slow_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reengagement, "_PAGE", 2)
    monkeypatch.setattr(reengagement, "_SENT_AT_ONCE", 2)


async def test_who_goes_on_after_a_kill_takes_nobody_twice(
    database: Database, leads: RunLeads, monkeypatch: pytest.MonkeyPatch
) -> None:
    _slow_pages(monkeypatch)
    _unlimited(database)
    names = ["a", "b", "c", "d", "e"]
    for lead in names:
        store(database, state_of(lead))
    for after in (1, 3):
        leads.kill_after = after
        with pytest.raises(ExceptionGroup):
            await carry_out(database, leads)
    leads.kill_after = None
    progress = await carry_out(database, leads)
    assert (progress["found"], progress["taken"]) == (5, 5)
    assert leads.re_engaged(database) == names


async def test_a_kill_at_every_step_of_the_database_doubles_nothing(
    database: Database, leads: RunLeads, monkeypatch: pytest.MonkeyPatch
) -> None:
    _slow_pages(monkeypatch)
    _unlimited(database)
    steps = ("begin", "page", "selected", "choose", "unsent", "sent", "unsettled", "settle", "end")
    states = {name: state_of(name) for name in ("a", "b", "c")}
    everybody: list[str] = []
    for step in steps:
        names = [f"{step}-{name}" for name in states]
        for name, lead in zip(states, names, strict=True):
            store(database, states[name].changed(lead=lead))
        for before in (True, False):
            with monkeypatch.context() as patch:
                patch.setattr(SqlReengagements, step, _killing(step, before=before))
                with pytest.raises(KilledError):
                    await carry_out(database, leads, f"reengage/reengaging/{step}")
        progress = await carry_out(database, leads, f"reengage/reengaging/{step}")
        assert (progress["found"], progress["taken"]) == (3, 3), step
        assert progress["why_not"] == ({"idle": len(everybody)} if everybody else {})
        everybody += names
        assert leads.re_engaged(database) == sorted(everybody)


def _killing(step: str, *, before: bool) -> Callable[..., Any]:
    """The method, with the worker's end right before or right after it."""
    method = getattr(SqlReengagements, step)

    def killed(*args: Any) -> Any:
        if not before:
            method(*args)
        raise KilledError

    return killed


async def test_a_lead_that_changed_meanwhile_is_not_taken_and_counted_so(
    database: Database, leads: RunLeads
) -> None:
    for lead in ("a", "b"):
        store(database, state_of(lead))
    leads.kill_after = 0
    with pytest.raises(ExceptionGroup):
        await carry_out(database, leads)
    store(database, SqlJournal(database).state("a") or state_of("a"), suppressed=("unsubscribed",))
    store(database, SqlJournal(database).state("b") or state_of("b"), closed=True)
    leads.kill_after = None
    progress = await carry_out(database, leads)
    assert (progress["found"], progress["taken"]) == (2, 0)
    assert progress["why_not"] == {"closed": 1, "unsubscribed": 1}
    assert leads.re_engaged(database) == []


async def test_a_lead_that_is_slow_is_waited_for_and_one_that_is_lost_is_named(
    database: Database, leads: RunLeads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reengagement, "MOST_SWEEPS", 3)
    monkeypatch.setattr(paced, "_GIVEN_UP_SECONDS", 0.2)
    for lead in ("a", "b"):
        store(database, state_of(lead))
    leads.asleep, leads.lost = {"a"}, frozenset({"b"})
    progress = await carry_out(database, leads)
    assert leads.re_engaged(database) == ["a"]
    assert (progress["taken"], progress["why_not"]) == (1, {"not_reached": 1})
    (run,) = SqlReengagements(database).latest("reengaging")
    assert run.failed == {"b": "its workflow does not answer"}


async def test_a_track_that_the_leads_own_version_lacks_and_a_schedule_that_is_gone(
    database: Database, leads: RunLeads
) -> None:
    own = read_program(PROGRAMS / "reengaging-once.yaml")
    SqlPrograms(database).publish(own)
    SqlPrograms(database).publish(PROGRAM)
    store(database, state_of("pinned", own), stage="known", fit=10.0)
    progress = await carry_out(database, leads, "reengage/reengaging/1")
    assert (progress["found"], progress["why_not"]) == (0, {"no_track": 1})
    written = PROGRAM.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    SqlPrograms(database).publish(Program.model_validate({**written, "schedules": {}}))
    progress = await carry_out(database, leads, "reengage/reengaging/2")
    assert (progress["found"], progress["why_not"]) == (0, {"no_schedule": 1})
    assert leads.told == []


async def test_an_address_that_was_suppressed_before_the_lead_came_is_not_taken(
    database: Database, leads: RunLeads
) -> None:
    store(database, state_of("told"), suppressed=("bounced",))
    store(database, state_of("new"))
    with database.write() as connection:
        row = {"address": "new@x.example", "reason": "complained", "lead": "older", "at": NOW}
        connection.execute(sa.insert(table_of(Suppression)).values(row))
    progress = await carry_out(database, leads)
    assert (progress["found"], progress["why_not"]) == (0, {"bounced": 1, "complained": 1})
    shown = preview(database, PROGRAM).looked
    assert {one.lead: one.why for one in shown} == {"told": "bounced", "new": "complained"}


async def test_a_paused_program_takes_nobody(database: Database, leads: RunLeads) -> None:
    store(database, state_of("a"))
    SqlPrograms(database).pause("reengaging")
    progress = await carry_out(database, leads)
    assert (progress["found"], progress["why_not"]) == (0, {"paused": 1})
