"""A launch starts every row once, goes on where it stopped, and can be paused, ended and undone.

The file is long because each way in which a launch ends stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from activities import paced
from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.launches import SqlLaunches
from adapters.sql.programs import SqlPrograms
from lifecycle.decide import decide, new_lead
from lifecycle.program.rulebook import rulebook
from lifecycle.stable_hash import lead_id
from models.directory import Directory
from models.envelopes import Json
from models.inputs import Act, Created, Event, Input, LaunchUndone
from models.instants import parse_instant
from models.launch import Launch
from models.on_conflict import OnConflict
from models.program.program import Program
from models.state import LeadState
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from tests.journal.turns import FENCE
from tests.lists.reading import PROGRAM
from usecases import launch_steps, launches, relay
from usecases.launch_steps import LaunchBatches
from usecases.planning_launch import plan_launch
from usecases.reading_lists import ListOptions, read_leads, understand_leads
from usecases.relay import Relay

NOW = parse_instant("2026-03-02T09:00:00Z")
LEADS = ("viewed", "machine", "delivered", "updated", "noted", "quiet")


class Killed(BaseException):
    """The process ends here."""


class LivingLeads:
    """Leads that take their turns at once; one of them kills the worker or is refused."""

    def __init__(self, database: Database) -> None:
        self.journal = SqlJournal(database)
        self.started: list[str] = []
        self.updated: list[str] = []
        self.kills: str | None = None
        self.refused: str | None = None
        self.before_undo: Callable[[], None] = lambda: None
        self.away = False
        self.slow = False
        self.waiting: list[tuple[str, Input]] = []
        self.most = 0
        """Leads that waited for their first turn at the same time."""

    async def enrol(
        self, lead: str, program: Program, profile: Json, *, arrived: str | None = None
    ) -> bool:
        assert (program.program, bool(arrived)) == ("lists", True)
        if self.away:
            raise OSError("nobody answers")
        if lead == self.kills:
            raise Killed
        if lead == self.refused:
            raise ValueError("Temporal takes no such lead")
        if self.journal.state(lead) is not None:
            return False
        self.started.append(lead)
        self.waiting.append((lead, Created(arrived=NOW, profile=profile)))
        self.most = max(self.most, len(self.waiting))
        if not self.slow:
            self.take(*self.waiting.pop())
        return True

    async def events(self, lead: str, events: Sequence[Json]) -> None:
        self.updated.append(lead)
        for one in events:
            event = Event(id=one["id"], type=one["type"], data=one["data"], at=NOW, arrived=NOW)
            self.take(lead, event)

    async def leave(self, lead: str, do: str, fields: Json) -> None:
        raise AssertionError(f"nobody acts here: {lead}, {do}, {fields}")

    async def program(self, lead: str, body: Json) -> None:
        self.before_undo()
        self.take(lead, LaunchUndone(arrived=NOW, seq=body["seq"]))

    def turns(self, leads: Sequence[str]) -> dict[str, int]:
        """A slow worker takes one turn at each look into the journal."""
        if self.waiting:
            self.take(*self.waiting.pop(0))
        return self.journal.turns(leads)

    def take(self, lead: str, given: Input) -> None:
        state = self.journal.state(lead) or new_lead(lead, PROGRAM)
        decision = decide(rulebook(PROGRAM), state, [given], NOW, people=Directory())
        assert self.journal.record(decision, FENCE, NOW) is None


class LaunchSite:
    """A database with the program, and a worker that carries launches out."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.rows = SqlLaunches(database)
        programs = SqlPrograms(database)
        with database.write() as connection:
            programs.publish_in(connection, PROGRAM)
        self.leads = LivingLeads(database)
        intake = SqlIntake(database, gather=timedelta(0))
        self.batches = LaunchBatches(
            self.rows,
            intake,
            programs,
            self.leads,
            Relay(intake, programs, self.leads),
            now=lambda: NOW,
            turns=self.leads.turns,
        )

    def store(
        self,
        text: str,
        conflict: OnConflict = "keep",
        rate: float = 10_000,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Launch:
        file = self.folder / "list.csv"
        file.write_text(text)
        options = ListOptions()
        with read_leads(file, PROGRAM, None, options) as leads:
            return launches.store_launch(
                self.database,
                file,
                leads,
                PROGRAM,
                options,
                conflict=conflict,
                rate=rate,
                progress=progress,
            )

    def state(self, lead: str) -> LeadState:
        state = self.leads.journal.state(lead)
        assert state is not None
        return state

    def end_leases(self) -> None:
        """As if the time had passed for which a dead relay keeps what it took."""
        with self.database.write() as connection:
            connection.execute(sa.update(table_of(IntakeItem)).values(ready=NOW))

    async def carry_out(self, number: int, steps: int = 50) -> Launch:
        for _ in range(steps):
            progress = await self.batches.step(number)
            if progress["over"]:
                break
        return self.rows.launch(number)


@pytest.fixture
def site(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LaunchSite:
    monkeypatch.setattr(launch_steps, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(launch_steps, "_STUCK_SECONDS", 0.1)
    return LaunchSite(database, tmp_path)


def people(count: int, more: str = "") -> str:
    return "email\n" + "".join(f"p{n}@launches.example\n" for n in range(count)) + more


async def test_every_row_is_started_once_and_the_others_say_why(site: LaunchSite) -> None:
    stored = site.store("email,employees\na@x.example,5\nbroken,\nb@x.example,many\nc@x.example,\n")
    assert (stored.standing, stored.size, stored.rejected) == ("running", 4, 2)
    done = await site.carry_out(stored.number)
    assert (done.standing, done.plan) == (
        "done",
        {"create": 2, "update": 0, "unchanged": 0, "rejected": 2},
    )
    assert len(site.leads.started) == 2
    file = "".join(launches.rejected_rows(site.database, stored.number)).splitlines()
    assert file[0] == "\ufeffemail,employees,reason"
    assert [line.split(",")[0] for line in file[1:]] == ["broken", "b@x.example"]


async def test_a_killed_worker_leaves_no_row_out_and_starts_none_twice(site: LaunchSite) -> None:
    stored = site.store(people(7))
    await site.batches.step(stored.number)
    first = list(site.leads.started)
    assert len(first) == 2
    site.leads.kills = lead_id("p4@launches.example")
    with pytest.raises(BaseExceptionGroup):
        await site.carry_out(stored.number)
    site.leads.kills = None
    site.end_leases()
    done = await site.carry_out(stored.number)
    assert (done.standing, done.plan["create"]) == ("done", 7)
    assert sorted(site.leads.started) == sorted(
        {lead_id(f"p{n}@launches.example") for n in range(7)}
    )
    # The lead whose start was not recorded got its own data again, which is no touch.
    launches.undo(site.database, stored.number)
    assert (await site.carry_out(stored.number)).closed == 7


def test_a_launch_that_was_killed_while_its_rows_were_stored_is_gone_on_with(
    site: LaunchSite,
) -> None:
    def kill(_: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        site.store(people(3), progress=kill)
    [interrupted] = launches.launches(site.database)
    assert (interrupted.standing, interrupted.size) == ("storing", 0)
    stored = site.store(people(3))
    assert (stored.number, stored.standing, stored.size) == (interrupted.number, "running", 3)
    assert site.store(people(3)).number == stored.number
    assert site.store(people(3), "fill").number != stored.number


async def test_a_paused_launch_starts_nothing_until_it_is_resumed(site: LaunchSite) -> None:
    stored = site.store(people(4))
    await site.batches.step(stored.number)
    assert launches.pause(site.database, stored.number).standing == "paused"
    with pytest.raises(launches.LaunchRefusedError, match="only a running launch can be paused"):
        launches.pause(site.database, stored.number)
    paused = await site.carry_out(stored.number)
    assert (paused.standing, len(site.leads.started)) == ("paused", 2)
    launches.resume(site.database, stored.number)
    assert (await site.carry_out(stored.number)).created == 4


async def test_a_launch_does_not_outrun_a_slow_worker(
    site: LaunchSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch_steps, "MOST_UNTAKEN", 3)
    monkeypatch.setattr(paced, "_LOOK_SECONDS", 0.0)
    site.leads.slow = True
    stored = site.store(people(13))
    done = await site.carry_out(stored.number)
    assert (done.standing, len(site.leads.started)) == ("done", 13)
    assert 3 <= site.leads.most <= 5, "a batch of two, and three that may wait"


async def test_a_cancelled_launch_keeps_what_it_started_and_starts_no_more(
    site: LaunchSite,
) -> None:
    stored = site.store(people(4))
    await site.batches.step(stored.number)
    cancelled = launches.cancel(site.database, stored.number)
    assert cancelled.ended is not None
    done = await site.carry_out(stored.number)
    assert (done.standing, done.created, len(site.leads.started)) == ("cancelled", 2, 2)
    with pytest.raises(launches.LaunchRefusedError, match="launch 1 is cancelled"):
        launches.resume(site.database, stored.number)
    with pytest.raises(launches.UnknownLaunchError, match="there is no launch 99"):
        launches.cancel(site.database, 99)


async def test_while_temporal_is_away_a_launch_waits_and_stores_no_further_rows(
    site: LaunchSite,
) -> None:
    stored = site.store(people(4))
    site.leads.away = True
    progress = await site.batches.step(stored.number)
    assert progress["pause"] > 0
    site.leads.away = False
    site.end_leases()
    assert (await site.carry_out(stored.number)).created == 4


async def test_an_undo_closes_what_nobody_touched_and_says_why_it_left_the_rest(
    site: LaunchSite,
) -> None:
    site.store("email,id\nthere@x.example,there\n")
    await site.carry_out(1)
    stored = site.store(
        "email,id\n" + "".join(f"{n}@u.example,{n}\n" for n in LEADS) + "there@x.example,\n"
    )
    await site.carry_out(stored.number)
    happened: list[Input] = [
        Event(id="v", type="page.viewed", at=NOW, arrived=NOW),
        Event(id="m", type="email.opened", at=NOW, arrived=NOW, machine=True),
        Event(id="d", type="email.delivered", at=NOW, arrived=NOW),
        Event(id="u", type="profile.updated", at=NOW, arrived=NOW, data={"company": "Acme"}),
        Act(arrived=NOW, do="note", by="ria@acme.example", note="called"),
    ]
    for lead, given in zip(LEADS, happened, strict=False):
        site.leads.take(lead, given)
    launches.undo(site.database, stored.number)
    done = await site.carry_out(stored.number)
    assert (done.standing, done.closed, done.kept) == ("undone", 3, 3)
    assert dict(launches.kept_leads(site.database, stored.number)) == {
        "viewed": "something happened: page.viewed",
        "updated": "something happened: profile.updated",
        "noted": "ria@acme.example did something about it (refused)",
    }
    closed = [one for one in (*LEADS, "there") if site.state(one).closed]
    assert closed == ["machine", "delivered", "quiet"]
    assert site.state("quiet").reason == "launch_undone"


async def test_a_lead_that_is_touched_while_its_undo_is_on_its_way_stays_open(
    site: LaunchSite,
) -> None:
    stored = site.store("email,id\na@race.example,a\n")
    await site.carry_out(stored.number)
    launches.undo(site.database, stored.number)
    view = Event(id="v", type="page.viewed", at=NOW, arrived=NOW)
    site.leads.before_undo = lambda: site.leads.take("a", view)
    done = await site.carry_out(stored.number)
    assert (done.standing, done.closed, done.kept) == ("undone", 0, 1)
    assert not site.state("a").closed


async def test_an_undo_of_a_running_launch_starts_no_more_rows(site: LaunchSite) -> None:
    stored = site.store(people(4))
    await site.batches.step(stored.number)
    launches.undo(site.database, stored.number)
    done = await site.carry_out(stored.number)
    assert (done.standing, done.closed, len(site.leads.started)) == ("undone", 2, 2)


async def test_a_row_that_cannot_be_started_is_rejected_and_holds_nobody_up(
    site: LaunchSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_HOPELESS_AFTER", 2)
    stored = site.store(people(5))
    site.leads.refused = lead_id("p0@launches.example")
    for _ in range(10):
        site.end_leases()
        if (await site.batches.step(stored.number))["over"]:
            break
    done = site.rows.launch(stored.number)
    assert (done.standing, done.created, done.rejected) == ("done", 4, 1)
    assert "it could not be started" in "".join(launches.rejected_rows(site.database, 1))


@pytest.mark.parametrize("rate", [0, -1, 10_001, float("nan")])
def test_a_rate_that_makes_no_sense_is_refused_with_what_would(
    site: LaunchSite, rate: float
) -> None:
    with pytest.raises(ValueError, match="write one up to 10,000"):
        site.store(people(1), rate=rate)


async def test_an_uploaded_list_is_mapped_planned_launched_and_mended_by_use_cases_alone(
    site: LaunchSite,
) -> None:
    uploaded = site.folder / "upload-1.part"
    uploaded.write_text("Who,Notes\na@board.example,x\nbroken,y\nb@board.example,z\n")
    options = ListOptions(mapping={"Who": "email", "Notes": "title"})
    understood = understand_leads(uploaded, PROGRAM, None, options)
    columns = {one.column.header: one for one in understood.columns}
    assert (columns["Notes"].column.field, columns["Notes"].filled) == ("title", 3)
    assert columns["Notes"].samples == ["x", "y", "z"]
    with read_leads(uploaded, PROGRAM, None, options) as leads:
        plan = plan_launch(site.database, leads, PROGRAM, Directory(), conflict="keep", now=NOW)
        stored = launches.store_launch(
            site.database,
            uploaded,
            leads,
            PROGRAM,
            options,
            conflict="keep",
            by="mia@acme.example",
            name="contacts.csv",
        )
    assert (stored.file, stored.by) == ("contacts.csv", "mia@acme.example")
    assert [one.number for one in site.rows.under_way()] == [stored.number]
    done = await site.carry_out(stored.number)
    assert done.plan == plan.counts
    assert "broken,y," in "".join(launches.rejected_rows(site.database, stored.number))
