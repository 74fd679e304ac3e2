"""A worker that is killed between an assignment and its turn leaves nothing in the shares."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from activities.ports import Fence, Payload, StoredLead, Taken
from activities.turn import TurnActivities
from adapters.files.program import read_program
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from lifecycle.decide import decide, new_lead
from models.decision import Decision
from models.directory import Directory
from models.envelopes import Envelope, TurnRequest
from models.instants import write_instant
from models.state import dump_state
from tests.journal.turns import FENCE, NOW, assign_command, handoff, read_rows, turn

RILEY, SAM, JONAS, MORGAN = (f"{one}@acme.example" for one in ("riley", "sam", "jonas", "morgan"))
TEAMS = {
    "sdr": {"manager": MORGAN, "members": [{"email": RILEY, "weight": 2}, {"email": SAM}]},
    "emea": {"manager": MORGAN, "members": [{"email": JONAS, "weight": 3}]},
}
DEMO: Envelope = {
    "kind": "event",
    "body": {"id": "demo", "type": "form.submitted", "subject": "demo"},
}
MOVED: Envelope = {
    "kind": "event",
    "body": {"id": "moved", "type": "profile.updated", "data": {"country": "DE"}},
}
DISQUALIFIED: Envelope = {
    "kind": "act",
    "name": "disqualify",
    "body": {"by": MORGAN, "reason": "bad_data", "id": "d"},
}


class KilledTurnError(Exception):
    """The worker is gone."""


class KilledJournal(SqlJournal):
    """Its worker is killed just before a turn is stored, as often as `kills` says."""

    kills = 0

    def record(
        self,
        decision: Decision,
        fence: Fence,
        now: datetime,
        *,
        taken: Sequence[Taken] = (),
        asked: Sequence[Payload] = (),
        addresses: Collection[str] = (),
    ) -> StoredLead | None:
        """Store a turn, or be killed."""
        if self.kills:
            self.kills -= 1
            raise KilledTurnError
        return super().record(decision, fence, now, taken=taken, asked=asked, addresses=addresses)


class Worker:
    """Runs the turns of leads as the activity does, on the test's database."""

    def __init__(self, database: Database) -> None:
        programs = SqlPrograms(database)
        self.people = SqlDirectory(database)
        self.journal = KilledJournal(database)
        self.people.apply(Directory.model_validate({"teams": TEAMS}))
        self._program = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")
        programs.publish(self._program)
        self._turns = TurnActivities(
            programs, self.people, self.journal, decide=decide, new_lead=new_lead
        )
        self._length = 0

    def run(self, lead: str, *inputs: Envelope) -> None:
        """One turn of a lead with these inputs, in order."""
        stored = self.journal.stored(lead)
        self._length += 10
        arrived = [{**one, "arrived": write_instant(NOW)} for one in inputs]
        self._turns.turn(
            TurnRequest(
                lead=lead,
                digest=self._program.digest,
                state=dump_state(stored.state) if stored is not None else None,
                wake=None,
                shown={},
                inputs=arrived,  # type: ignore[typeddict-item]  # envelopes with an instant
                now=write_instant(NOW),
                grace=60.0,
                fence=(1, self._length),
                run="run",
            )
        )

    def create(self, lead: str) -> None:
        """A lead that fits."""
        profile = {"email": f"{lead}@x.example", "employees": 300, "country": "US"}
        self.run(lead, {"kind": "created", "body": profile})


def shares_and_counts(database: Database) -> tuple[dict[str, Fraction], Counter[str]]:
    """The stored shares, and how often the timelines say that each member was assigned."""
    shares = read_rows(database, "SELECT member, share FROM shares")
    counted = Counter(row["owner"] for row in read_rows(database, "SELECT owner FROM assignments"))
    counted.pop(None, None)
    timelines = Counter(_owner(row) for row in read_rows(database, _ASSIGNED))
    assert counted == timelines
    return {row["member"]: Fraction(row["share"]) for row in shares}, timelines


_ASSIGNED = "SELECT CAST(fields AS TEXT) AS fields FROM entries WHERE kind = 'assigned'"


def _owner(row: dict[str, Any]) -> str:
    return next(one for one in (RILEY, SAM, JONAS) if one in row["fields"])


@pytest.mark.parametrize(
    ("again", "expected"),
    [((DEMO,), RILEY), ((DISQUALIFIED, DEMO), None), ((MOVED, DEMO), JONAS)],
)
def test_a_turn_that_is_killed_and_runs_again_with_more_inputs_counts_what_it_then_records(
    database: Database, again: tuple[Envelope, ...], expected: str | None
) -> None:
    worker = Worker(database)
    worker.create("ana")
    worker.journal.kills = 1
    with pytest.raises(KilledTurnError):
        worker.run("ana", DEMO)
    assert read_rows(database, "SELECT owner FROM assignments") == [{"owner": RILEY}]
    worker.run("ana", *again)
    worker.people.settle()
    shares, assigned = shares_and_counts(database)
    assert assigned == (Counter({expected: 1}) if expected else Counter())
    weights = {RILEY: 2, SAM: 1, JONAS: 3}
    assert shares == {member: Fraction(assigned[member], weights[member]) for member in shares}
    worker.create("ben")
    worker.run("ben", DEMO)
    assert worker.journal.stored("ben").state.owner == (SAM if expected == RILEY else RILEY)  # type: ignore[union-attr]  # it was stored above


def test_a_stopped_worker_that_assigns_after_its_successor_stored_the_turn_counts_nothing(
    database: Database,
) -> None:
    people, journal = SqlDirectory(database), SqlJournal(database)
    people.apply(Directory.model_validate({"teams": TEAMS}))
    journal.record(turn(1, "created"), FENCE, NOW)
    journal.record(turn(2, "noted", before=1, closed=True), FENCE, NOW)
    people.assign("ana", assign_command("k1"), 2)
    people.settle()
    shares, assigned = shares_and_counts(database)
    assert set(shares.values()) == {Fraction(0)}
    assert not assigned


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_killed_the_shares_count_what_the_timelines_record(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    people, journal = SqlDirectory(database), SqlJournal(database)
    people.apply(Directory.model_validate({"teams": {"sdr": TEAMS["sdr"]}}))
    turns: Counter[str] = Counter()
    handoffs: Counter[str] = Counter()
    for _ in range(30):
        lead = f"lead-{chance.randrange(6)}"
        number, opened = turns[lead] + 1, handoffs[lead] + 1
        asked = assign_command(f"{lead}/handoff/{opened}", handoff=opened)
        owner = None
        for _ in range(chance.choice((0, 1, 1, 2))):  # how often the turn runs before it is stored
            owner, _why = people.assign(lead, asked, number)
        if chance.random() < 0.3:
            continue  # killed, and it may ask for nothing when it runs again
        if owner is not None and chance.random() < 0.6:
            handoffs[lead] += 1
            told = ("assigned", {"handoff": opened, "owner": owner, "attempt": 1, "due": None})
            stored = turn(number, told, before=turns[lead], lead=lead, handoff=handoff(opened))
        else:
            stored = turn(number, "noted", before=turns[lead], lead=lead)
        journal.record(stored, FENCE, NOW)
        turns[lead] = number
    for lead in (f"lead-{number}" for number in range(6)):
        last = turn(turns[lead] + 1, "noted", before=turns[lead], lead=lead)
        journal.record(last, FENCE, NOW)
    people.settle()
    shares, assigned = shares_and_counts(database)
    assert shares.get(RILEY, 0) == Fraction(assigned[RILEY], 2)
    assert shares.get(SAM, 0) == assigned[SAM]
