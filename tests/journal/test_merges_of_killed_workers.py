"""A merge is killed at every change of the database; what goes on ends it, and nothing is twice.

The leads' workflows are as Temporal keeps them: a signal stays until a turn's outcome is stored,
and a turn whose outcome was lost with its worker is asked again.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from temporalio.testing import ActivityEnvironment

from activities.merging import MergeActivities
from activities.turn import TurnActivities
from adapters.files.program import read_program
from adapters.reports.leads import SqlReports
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.merges import SqlMerges
from adapters.sql.new_item import NewItem
from adapters.sql.programs import SqlPrograms
from lifecycle.decide import decide, new_lead
from models.directory import Directory
from models.envelopes import Envelope, Json, MergeResult, MergeWork, TurnRequest
from models.instants import write_instant
from models.patches import patched
from tests.journal.test_assignments_of_killed_turns import DEMO, TEAMS
from tests.journal.turns import NOW
from tests.usecases.intake.interruptions import interrupted
from workflows.messages import signalled

ACME = read_program(Path(__file__).parents[2] / "programs" / "acme.yaml")
GRACE = timedelta(seconds=60)
PRICING: Envelope = {
    "kind": "event",
    "body": {"id": "pricing", "type": "page.viewed", "subject": "/pricing"},
}


class KeptWorkflows:
    """Leads' workflows: each has its state and what was signalled, whatever becomes of workers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._people = SqlDirectory(database)
        self._people.apply(Directory.model_validate({"teams": TEAMS}))
        programs = SqlPrograms(database)
        programs.publish(ACME)
        self._turns = TurnActivities(
            programs, self._people, SqlJournal(database), decide=decide, new_lead=new_lead
        )
        self._state: dict[str, Json] = {}
        self._inbox: defaultdict[str, list[Envelope]] = defaultdict(list)
        self._length = 0
        self.merges = MergeActivities(SqlMerges(database), self, programs)

    async def merge_side(self, lead: str, body: Json) -> None:
        """Temporal has the signal when this returns; a worker takes the turn at once."""
        self._inbox[lead] += signalled("merge", [body], lambda one: one, NOW, GRACE)
        self.go_on()

    def go_on(self) -> None:
        """Take the turns that wait."""
        for lead in [one for one, waiting in self._inbox.items() if waiting]:
            self.run(lead)

    def run(self, lead: str, *inputs: Envelope) -> None:
        """One turn of a lead. Its worker may be killed before Temporal has the outcome."""
        arrived: list[Any] = [{**one, "arrived": write_instant(NOW)} for one in inputs]
        taken = [*self._inbox[lead], *arrived]
        self._length += 10
        outcome = self._turns.turn(
            TurnRequest(
                lead=lead,
                digest=ACME.digest,
                state=self._state.get(lead),
                wake=None,
                shown={},
                inputs=taken,
                now=write_instant(NOW),
                grace=60.0,
                fence=(1, self._length),
                run=f"run-{lead}",
            )
        )
        self._outcome_may_be_lost()
        left = []
        if "resumed" in outcome:  # this turn ran before: what it took in then is not taken again
            done = outcome["resumed"].get("taken", ())
            left = [one for place, one in enumerate(taken) if place not in done]
        self._inbox[lead] = left
        self._state[lead] = patched(self._state.get(lead, {}), outcome.get("patch", {}))

    def _outcome_may_be_lost(self) -> None:
        """A change of nothing, so that a kill may come between a turn and its outcome."""
        with self._database.write() as connection:
            connection.execute(sa.text("UPDATE leads SET turn = turn WHERE id = ''"))

    def create(self, lead: str) -> None:
        """A lead that fits."""
        profile = {"email": f"{lead}@x.example", "employees": 300, "country": "US"}
        self.run(lead, {"kind": "created", "body": profile})


async def carry_out(workflows: KeptWorkflows, keep: str, other: str, before: Json) -> None:
    """The workflow of a merge, with what `before` holds of an attempt that was killed."""
    workflows.go_on()
    run, work = ActivityEnvironment().run, MergeWork(keep=keep, other=other, at=write_instant(NOW))
    if "outcome" not in before:
        found: MergeResult = await run(workflows.merges.merge_other, work)
        before["outcome"] = found
    await run(workflows.merges.merge_keep, work, before["outcome"])


async def test_a_merge_that_is_killed_anywhere_is_ended_and_nothing_of_it_is_twice(
    database: Database,
) -> None:
    workflows, intake = KeptWorkflows(database), SqlIntake(database)
    journal, reports = SqlJournal(database), SqlReports(database)
    for step in count(1):
        keep, other = f"ana{step}", f"bob{step}"
        workflows.create(keep)
        workflows.create(other)
        workflows.run(other, PRICING, DEMO)
        before = journal.state(other)
        assert before is not None
        waits = NewItem.event(other, {"id": f"late-{step}", "type": "page.viewed"}, arrived=NOW)
        intake.accept([waits])
        merge: Json = {}
        with interrupted(database, step) as killed, suppress(Exception):
            await carry_out(workflows, keep, other, merge)
        for _ in range(2):  # a merge that is asked again changes nothing
            await carry_out(workflows, keep, other, dict(merge))
        where = f"killed at change {step}"
        state = journal.state(keep)
        assert state is not None
        assert (state.stage, state.engagement) == ("mql", before.engagement), where
        assert state.engagement > 0
        kinds = [one.kind for one in reports.timeline(keep)]
        assert [kinds.count(one) for one in ("merged", "handoff_opened", "assigned")] == [1, 1, 1]
        ended = [one.kind for one in reports.timeline(other)]
        assert (ended.count("merged"), ended.count("closed")) == (1, 1), where
        assert reports.with_id(other) == keep, where
        waiting = [one for one in _waiting(database) if one[1] == f"late-{step}"]
        assert waiting == [(keep, f"late-{step}")], where
        if not killed.happened:
            break
    assert step > 20


def _waiting(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT lead, item FROM intake WHERE done IS NULL"))
        return [(row.lead, row.item) for row in rows]
