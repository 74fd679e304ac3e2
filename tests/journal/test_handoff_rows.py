from __future__ import annotations

from typing import Any

from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.state import TaskState
from tests.journal.turns import FENCE, NEWER, NOW, after, handoff, read_rows, turn

OPENED = ("handoff_opened", {"handoff": 1, "team": "sdr"})
ASSIGNED = (
    "assigned",
    {"handoff": 1, "owner": "riley@acme.example", "attempt": 1, "due": "2026-03-02T18:00:00Z"},
)


def test_a_handoff_is_followed_to_its_acceptance(journal: SqlJournal, database: Database) -> None:
    journal.record(
        turn(1, "created", OPENED, handoffs=1, handoff=handoff(), stage="mql"), FENCE, NOW
    )
    owner = "riley@acme.example"
    given: dict[str, Any] = {
        "handoffs": 1,
        "handoff": handoff(attempt=1, assigned=after(seconds=90)),
        "owner": owner,
    }
    assigned = turn(2, ASSIGNED, before=2, at=after(seconds=90), stage="mql", **given)
    journal.record(assigned, FENCE, NOW)
    accepted = ("accepted", {"handoff": 1, "by": owner, "open_seconds": 600, "late": False})
    journal.record(
        turn(3, accepted, before=3, at=after(minutes=12), stage="sal", **given), FENCE, NOW
    )
    (row,) = read_rows(database, "SELECT * FROM handoffs")
    assert (row["owner"], row["attempt"], row["system_seconds"]) == (owner, 1, 90)
    assert (row["open_seconds"], bool(row["late"]), bool(row["over"])) == (600, False, False)
    assert row["breaches"] == 0


def test_a_breach_is_counted_once_though_its_turn_ran_twice(
    journal: SqlJournal, database: Database
) -> None:
    now: dict[str, Any] = {
        "handoffs": 1,
        "handoff": handoff(attempt=1),
        "stage": "mql",
        "owner": "riley@acme.example",
    }
    journal.record(turn(1, OPENED, ASSIGNED, **now), FENCE, NOW)
    breach = ("breached", {"clock": "accept", "owner": "riley@acme.example"})
    for fence in (FENCE, NEWER):
        journal.record(turn(2, breach, before=2, **now), fence, NOW)
    assert read_rows(database, "SELECT breaches, accept_breaches FROM handoffs") == [
        {"breaches": 1, "accept_breaches": 1}
    ]


def test_a_handoff_is_kept_when_its_turn_runs_again_with_another_outcome(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, "created"), FENCE, NOW)
    task = ("task_opened", {"task": "t1", "task_kind": "call", "team": "sdr"})
    first = turn(
        2,
        OPENED,
        task,
        before=1,
        handoffs=1,
        handoff=handoff(),
        stage="mql",
        tasks=(TaskState(id="t1", kind="call", team="sdr"),),
        task_count=1,
    )
    journal.record(first, FENCE, NOW)
    assert read_rows(database, "SELECT task, team FROM tasks") == [{"task": "t1", "team": "sdr"}]
    journal.record(turn(2, ("disqualified", {"reason": "spam"}), before=1), NEWER, NOW)
    assert read_rows(database, "SELECT number FROM handoffs") == [{"number": 1}]
    assert read_rows(database, "SELECT task FROM tasks") == [{"task": "t1"}]


def test_an_earlier_handoff_is_over_when_the_next_one_opens(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, OPENED, handoffs=1, handoff=handoff()), FENCE, NOW)
    second = ("handoff_opened", {"handoff": 2, "team": "ae"})
    opened = handoff(2, team="ae", opened=after(days=2))
    journal.record(
        turn(2, second, before=1, at=after(days=2), handoffs=2, handoff=opened), FENCE, NOW
    )
    found = read_rows(database, "SELECT number, team, over FROM handoffs ORDER BY number")
    assert [(row["number"], row["team"], bool(row["over"])) for row in found] == [
        (1, "sdr", True),
        (2, "ae", False),
    ]


def test_a_recycle_ends_the_handoff(journal: SqlJournal, database: Database) -> None:
    journal.record(turn(1, OPENED, handoffs=1, handoff=handoff(), stage="mql"), FENCE, NOW)
    entries = ("recycled", {"reason": "bad_timing"}), ("stage", {"from": "mql", "to": "recycled"})
    journal.record(turn(2, *entries, before=1, handoffs=1, stage="recycled"), FENCE, NOW)
    (row,) = read_rows(database, "SELECT over FROM handoffs")
    assert row["over"]


def test_a_done_task_has_the_instant(journal: SqlJournal, database: Database) -> None:
    task = ("task_opened", {"task": "t1", "task_kind": "call", "owner": "riley@acme.example"})
    waiting = (TaskState(id="t1", kind="call", owner="riley@acme.example"),)
    journal.record(turn(1, task, tasks=waiting, task_count=1), FENCE, NOW)
    assert read_rows(database, "SELECT done FROM tasks") == [{"done": None}]
    done = ("task_done", {"task": "t1", "task_kind": "call"})
    journal.record(turn(2, done, before=1, task_count=1), FENCE, NOW)
    (row,) = read_rows(database, "SELECT owner, done FROM tasks")
    assert row["owner"] == "riley@acme.example"
    assert row["done"] is not None
