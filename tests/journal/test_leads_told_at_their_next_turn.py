"""A lead that a rollout has not reached yet is told as soon as anything happens in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.turn import TurnActivities
from adapters.files.program import read_program
from adapters.reports.leads import SqlReports, StoredDossier
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.sql.rollouts import SqlRollouts
from lifecycle.decide import decide, new_lead
from models.directory import Directory
from models.envelopes import Envelope, TurnRequest
from models.instants import write_instant
from models.program.program import Program
from models.rollout import publication_body
from models.state import dump_state
from tests.journal.test_assignments_of_killed_turns import TEAMS
from usecases import pausing
from usecases.current_lead import current_dossier
from usecases.publishing import LeadsInFlight, publish

ACME = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")


def edited(points: int) -> Program:
    """The program, with other points for a page."""
    written = json.loads(ACME.canonical_json)
    written["scoring"]["engagement"]["rules"][0]["points"] = points
    return Program.model_validate(written)


class Lead:
    """One lead, whose turns are taken as the activity takes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        people, programs = SqlDirectory(database), SqlPrograms(database)
        people.apply(Directory.model_validate({"teams": TEAMS}))
        programs.publish(ACME)
        self.journal = SqlJournal(database)
        self._turns = TurnActivities(
            programs,
            people,
            self.journal,
            decide=decide,
            new_lead=new_lead,
            rollouts=SqlRollouts(database),
        )
        self._length = 0

    def turn(self, at: datetime, *inputs: Envelope) -> None:
        state = self.journal.state("ana")
        self._length += 10
        arrived: list[Any] = [{**one, "arrived": write_instant(at)} for one in inputs]
        self._turns.turn(
            TurnRequest(
                lead="ana",
                digest=ACME.digest if state is None else state.digest,
                state=dump_state(state) if state is not None else None,
                wake=None,
                shown={},
                inputs=arrived,
                now=write_instant(at),
                grace=60.0,
                fence=(1, self._length),
                run="run",
            )
        )

    def entries(self) -> list[tuple[str, datetime]]:
        return [(one.kind, one.at) for one in SqlReports(self._database).timeline("ana")]


VIEWED: Envelope = {
    "kind": "event",
    "body": {"id": "viewed", "type": "page.viewed", "subject": "/pricing"},
}


@pytest.fixture
def lead(database: Database) -> Lead:
    one = Lead(database)
    profile = {"email": "ana@x.example", "employees": 300, "country": "US"}
    published = SqlPrograms(database).publications("acme", most=1)[0].at
    one.turn(
        published - timedelta(days=1),
        {"kind": "created", "body": profile},
    )
    return one


def test_its_next_turn_begins_with_the_publication_at_the_publications_instant(
    database: Database, lead: Lead
) -> None:
    new = edited(77)
    publish(database, new, None, leads=LeadsInFlight(in_flight="migrate"))
    at = SqlPrograms(database).publications("acme", most=1)[0].at
    lead.turn(at + timedelta(hours=1), VIEWED)
    state = lead.journal.state("ana")
    assert state is not None
    assert state.digest == new.digest
    told = dict(lead.entries())
    assert list(told).index("program_changed") < list(told).index("event")
    assert timedelta(0) <= at - told["program_changed"] < timedelta(seconds=1)
    assert told["event"] - told["program_changed"] >= timedelta(hours=1)
    lead.turn(at + timedelta(hours=2), {**VIEWED, "body": {**VIEWED["body"], "id": "again"}})
    kinds = [kind for kind, _ in lead.entries()]
    assert kinds.count("program_changed") == 1, "told once"


def test_of_two_publications_the_first_is_taken_in_and_the_second_when_that_has_ended(
    database: Database, lead: Lead
) -> None:
    new, rollouts = edited(77), SqlRollouts(database)
    publish(database, new, None, leads=LeadsInFlight(in_flight="migrate"))
    publish(database, ACME, None, leads=LeadsInFlight(in_flight="migrate"))
    at = SqlPrograms(database).publications("acme", most=1)[0].at
    lead.turn(at + timedelta(hours=1), VIEWED)
    state = lead.journal.state("ana")
    assert state is not None
    assert state.digest == new.digest
    rollouts.save(replace(rollouts.under_way()[0], ended=at))
    # What the first rollout sent arrives late, and does not bring the lead back.
    late = publication_body(new.digest, "migrate", recheck=False)
    lead.turn(at + timedelta(hours=2), {"kind": "program", "body": late})
    lead.turn(at + timedelta(hours=3), {"kind": "program", "body": late})
    state = lead.journal.state("ana")
    assert state is not None
    assert state.digest == ACME.digest
    assert [kind for kind, _ in lead.entries()].count("program_changed") == 2


def test_its_next_turn_begins_with_the_pause_at_the_pauses_instant(
    database: Database, lead: Lead
) -> None:
    rollouts = SqlRollouts(database)
    paused = pausing.pause(database, "acme", by="mia")
    assert paused is not None
    lead.turn(paused.at + timedelta(minutes=9), VIEWED)
    state = lead.journal.state("ana")
    assert state is not None
    assert timedelta(0) <= paused.at - (state.paused_since or paused.at) < timedelta(seconds=1)
    rollouts.save(replace(paused, ended=paused.at))
    goes_on = pausing.resume(database, "acme", by="mia")
    assert goes_on is not None
    goes_on = replace(goes_on, at=paused.at + timedelta(minutes=20))
    rollouts.save(goes_on)
    lead.turn(goes_on.at + timedelta(minutes=9), {**VIEWED, "body": {**VIEWED["body"], "id": "b"}})
    told = [(kind, at) for kind, at in lead.entries() if kind in ("paused", "unpaused", "event")]
    assert [kind for kind, _ in told] == ["paused", "event", "unpaused", "event"]
    assert timedelta(0) <= goes_on.at - told[2][1] < timedelta(seconds=1)
    # What the first rollout sent arrives late, and stops the lead no more.
    rollouts.save(replace(goes_on, ended=goes_on.at))
    lead.turn(goes_on.at + timedelta(hours=1), {"kind": "program", "body": {"do": "pause"}})
    state = lead.journal.state("ana")
    assert state is not None
    assert state.paused_since is None


def test_no_publication_overtakes_a_pause_that_the_lead_is_still_to_be_told(
    database: Database, lead: Lead
) -> None:
    pausing.pause(database, "acme", by="mia")
    publish(database, edited(77), None, leads=LeadsInFlight(in_flight="migrate"))
    at = SqlPrograms(database).publications("acme", most=1)[0].at
    lead.turn(at + timedelta(hours=1), VIEWED)
    state = lead.journal.state("ana")
    assert state is not None
    assert state.digest == ACME.digest
    assert state.paused_since is not None


def test_whoever_looks_at_a_lead_meanwhile_sees_it_as_its_next_turn_finds_it(
    database: Database, lead: Lead
) -> None:
    reports = SqlReports(database)

    def shown() -> StoredDossier:
        found = reports.dossier("ana")
        assert found is not None
        return current_dossier(database, found)

    assert shown() == reports.dossier("ana"), "nothing is under way"
    publish(database, edited(77), None, leads=LeadsInFlight(in_flight="migrate"))
    before = shown()
    assert before.state.digest == edited(77).digest
    at = SqlPrograms(database).publications("acme", most=1)[0].at
    lead.turn(at)
    after = reports.dossier("ana")
    assert after is not None
    assert before.state == after.state
    assert replace(before.line, updated=after.line.updated) == after.line
    assert shown() == after


def test_whoever_looks_at_a_lead_that_a_pause_has_not_reached_sees_it_paused(
    database: Database, lead: Lead
) -> None:
    assert lead.entries()
    pausing.pause(database, "acme", by="mia")
    found = SqlReports(database).dossier("ana")
    assert found is not None
    assert found.state.paused_since is None
    assert current_dossier(database, found).state.paused_since is not None


def test_a_lead_that_was_named_before_a_publication_is_created_on_the_new_version(
    database: Database,
) -> None:
    one = Lead(database)
    publish(database, edited(77), None, leads=LeadsInFlight(in_flight="migrate"))
    at = SqlPrograms(database).publications("acme", most=1)[0].at
    one.turn(at, {"kind": "created", "body": {"email": "ana@x.example", "country": "US"}})
    state = one.journal.state("ana")
    assert state is not None
    assert state.digest == edited(77).digest
    assert "program_changed" not in dict(one.entries()), "it was never on another version"
