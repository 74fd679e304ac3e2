"""A rollout reaches every lead that needs it, goes on where it stopped, and names the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.rollout import RolloutActivities
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.sql.rollouts import SqlRollouts
from models.directory import Directory
from models.envelopes import Json, RolloutProgress, RolloutWork
from models.rollout import Rollout
from models.state import WaitingVersion
from tests.fakes import FakePeople
from tests.journal.turns import FENCE, NOW, turn

OLD, NEW = "d" * 64, "e" * 64


class RolledOutLeads:
    """Leads that do at once what they are sent; some can't be reached, one kills the worker."""

    def __init__(self, database: Database, *, lost: frozenset[str] = frozenset()) -> None:
        self.journal = SqlJournal(database)
        self.lost = lost
        self.kills: str | None = None
        self.told: list[str] = []

    async def program(self, lead: str, body: Json) -> None:
        if lead == self.kills:
            raise RuntimeError("killed")
        if lead in self.lost:
            raise LookupError("its workflow does not answer")
        self.told.append(lead)
        state = self.journal.state(lead)
        assert state is not None
        done = turn(state.turn + 1, lead=lead, before=state.seq, digest=body["to"])
        self.journal.record(done, FENCE, NOW)


def store(database: Database, *leads: str, **changes: Any) -> None:
    for lead in leads:
        SqlJournal(database).record(turn(1, "created", lead=lead, **changes), FENCE, NOW)


def add(database: Database, in_flight: str = "migrate") -> Rollout:
    """A rollout as publishing adds it; versions are names here, as nobody asks for their rules."""
    rollouts = SqlRollouts(database)
    with database.write() as connection:
        added = rollouts.of_pause(connection, "acme", pause=True, by="mia", rate=1_000.0)
    body = {"do": "publish", "to": NEW, "in_flight": in_flight, "recheck": False}
    made = replace(added, body=body, workflow="publication/acme/1", sweep=0)
    rollouts.save(made)
    return made


async def carry_out(database: Database, leads: RolledOutLeads, number: int) -> RolloutProgress:
    activities = RolloutActivities(
        SqlRollouts(database),
        leads,
        SqlPrograms(database),
        FakePeople(Directory()),
        leads.journal,
    )
    while True:
        progress: RolloutProgress = await ActivityEnvironment().run(
            activities.roll_out, RolloutWork(number=number)
        )
        if progress["ended"] or progress["pause"] > 1:
            return progress


async def test_it_reaches_every_lead_in_flight_once_and_leaves_closed_ones_alone(
    database: Database,
) -> None:
    store(database, "ana", "bo", "cy")
    store(database, "zoe", closed=True)
    store(database, "new", digest=NEW)
    leads = RolledOutLeads(database)
    rollout = add(database)
    progress = await carry_out(database, leads, rollout.number)
    assert progress["ended"]
    assert sorted(leads.told) == ["ana", "bo", "cy"]
    found = SqlRollouts(database).rollout(rollout.number)
    assert (found.sent, found.failed) == (3, {})
    assert SqlRollouts(database).under_way() == ()


async def test_a_lead_that_is_not_reached_is_named_with_its_reason_and_tried_again(
    database: Database,
) -> None:
    store(database, "ana", "bo")
    leads = RolledOutLeads(database, lost=frozenset({"bo"}))
    rollout = add(database)
    await carry_out(database, leads, rollout.number)
    found = SqlRollouts(database).rollout(rollout.number)
    assert found.failed == {"bo": "its workflow does not answer"}
    assert leads.told == ["ana"]
    leads.lost = frozenset()
    await carry_out(database, leads, rollout.number)
    assert leads.told == ["ana", "bo"]
    assert SqlRollouts(database).rollout(rollout.number).failed == {}


async def test_who_goes_on_after_a_kill_reaches_the_rest(database: Database) -> None:
    store(database, "ana", "bo", "cy")
    leads = RolledOutLeads(database)
    leads.kills = "bo"
    rollout = add(database)
    with pytest.raises(ExceptionGroup):
        await carry_out(database, leads, rollout.number)
    assert SqlRollouts(database).rollout(rollout.number).ended is None
    leads.kills = None
    progress = await carry_out(database, leads, rollout.number)
    assert progress["ended"]
    assert sorted(set(leads.told)) == ["ana", "bo", "cy"]
    assert len(leads.told) == 3


async def test_the_second_of_two_waits_for_the_first(database: Database) -> None:
    store(database, "ana")
    first, second = add(database), add(database)
    leads = RolledOutLeads(database)
    activities = RolloutActivities(
        SqlRollouts(database),
        leads,
        SqlPrograms(database),
        FakePeople(Directory()),
        leads.journal,
    )
    progress = await ActivityEnvironment().run(
        activities.roll_out, RolloutWork(number=second.number)
    )
    assert (progress["ended"], progress["pause"], leads.told) == (False, 1.0, [])
    await carry_out(database, leads, first.number)
    assert (await carry_out(database, leads, second.number))["ended"]


@pytest.mark.parametrize(("waits", "needed"), [(None, []), (NEW, ["ana"])])
async def test_pin_reaches_only_leads_in_which_a_version_waits(
    database: Database, waits: str | None, needed: list[str]
) -> None:
    finish = WaitingVersion(digest=waits) if waits is not None else None
    store(database, "ana", finish=finish)
    leads = RolledOutLeads(database)
    await carry_out(database, leads, add(database, "pin").number)
    assert sorted(set(leads.told)) == needed
