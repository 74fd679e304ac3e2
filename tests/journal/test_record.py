from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from activities.ports import Fence
from adapters.database import Database
from adapters.journal import SqlJournal
from adapters.outbox import SqlOutbox
from models.decision import Wake
from models.state import TaskState
from tests.journal.turns import FENCE, NOW, after, event, handoff, turn

NEWER = Fence(run=FENCE.run, length=20)
NEXT_RUN = Fence(run=FENCE.run + 1, length=3)


@pytest.fixture
def journal(database: Database) -> SqlJournal:
    return SqlJournal(database)


def rows(database: Database, query: str) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [dict(row) for row in connection.execute(sa.text(query)).mappings()]


def timeline(database: Database) -> list[tuple[int, int, str]]:
    found = rows(database, "SELECT seq, turn, kind FROM entries ORDER BY seq")
    return [(row["seq"], row["turn"], row["kind"]) for row in found]


def test_a_lead_that_was_never_recorded_is_not_known(journal: SqlJournal) -> None:
    assert journal.stored("ana") is None


def test_a_recorded_state_comes_back_as_it_was(journal: SqlJournal) -> None:
    decision = turn(
        1,
        "created",
        stage="mql",
        owner="riley@acme.example",
        engagement=12.345678901234567,
        did=frozenset({"page.viewed", "form.submitted\ndemo"}),
        handoffs=1,
        handoff=handoff(tried=("sam@acme.example",), asking="ana/1/assign/1"),
        profile={"email": "ana@northwind.example", "first_name": "Zoë", "employees": 900},
    )
    journal.record(decision, FENCE, NOW)
    found = journal.stored("ana")
    assert found is not None
    assert found.state == decision.state
    assert found.state.created is not None
    assert found.state.created.utcoffset() == timedelta(0)


def test_event_ids_come_back_oldest_first_and_once(journal: SqlJournal) -> None:
    journal.record(turn(1, "created", event("b"), event("a")), FENCE, NOW)
    again = ("ignored", {"event": "b", "type": "page.viewed", "why": "duplicate"})
    machine = ("ignored", {"event": "m", "type": "email.opened", "why": "machine"})
    journal.record(turn(2, again, machine, event("c"), before=3), NEWER, NOW)
    found = journal.stored("ana")
    assert found is not None
    assert found.seen == ("b", "a", "m", "c")


def test_the_latest_thousand_event_ids_come_back(journal: SqlJournal) -> None:
    journal.record(turn(1, *(event(f"e{n}") for n in range(1_200))), FENCE, NOW)
    found = journal.stored("ana")
    assert found is not None
    assert found.seen == tuple(f"e{n}" for n in range(200, 1_200))


def test_a_turn_that_runs_twice_leaves_one_set_of_entries(
    journal: SqlJournal, database: Database
) -> None:
    decision = turn(1, "created", event("a"))
    for _ in range(2):
        journal.record(decision, FENCE, NOW)
    assert timeline(database) == [(1, 1, "created"), (2, 1, "event")]


def test_a_second_run_with_other_entries_replaces_the_first(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, "created"), FENCE, NOW)
    journal.record(turn(2, event("a"), event("b"), "stage", before=1), FENCE, NOW)
    journal.record(turn(2, "noted", before=1), NEWER, NOW)
    assert timeline(database) == [(1, 1, "created"), (2, 2, "noted")]
    journal.record(turn(2, before=1), NEWER, NOW)
    assert timeline(database) == [(1, 1, "created")]


def test_a_history_that_was_reset_takes_later_turns_back(
    journal: SqlJournal, database: Database
) -> None:
    for number in range(1, 5):
        journal.record(turn(number, "noted", before=number - 1), FENCE, NOW)
    journal.record(turn(2, "touched", before=1), NEXT_RUN, NOW)
    assert timeline(database) == [(1, 1, "noted"), (2, 2, "touched")]


@pytest.mark.parametrize(
    "older", [Fence(run=FENCE.run, length=9), Fence(run=FENCE.run - 1, length=900)]
)
def test_an_older_writer_changes_nothing(
    journal: SqlJournal, database: Database, older: Fence
) -> None:
    journal.record(turn(1, "created", "noted"), FENCE, NOW)
    before = rows(database, "SELECT * FROM leads"), rows(database, "SELECT * FROM entries")
    late = turn(1, "created", ("suppressed", {"why": "bounced"}), suppressed=("bounced",))
    journal.record(late, older, after(hours=1))
    assert before == (
        rows(database, "SELECT * FROM leads"),
        rows(database, "SELECT * FROM entries"),
    )
    address = "ana@northwind.example"
    assert SqlOutbox(database).suppression(address, operational=False) is None


def test_of_two_writers_at_once_the_newer_stays(journal: SqlJournal, database: Database) -> None:
    fences = [Fence(run=FENCE.run, length=length) for length in range(40)]
    with ThreadPoolExecutor(8) as threads:
        for fence in fences:
            decision = turn(1, ("noted", {"note": str(fence.length)}))
            threads.submit(journal.record, decision, fence, NOW)
    assert timeline(database) == [(1, 1, "noted")]
    (lead,) = rows(database, "SELECT fence_length FROM leads")
    assert lead["fence_length"] == 39
    with database.read() as connection:
        fields = connection.scalar(sa.text("SELECT fields FROM entries"))
    assert "39" in str(fields)


def test_the_row_says_what_is_due_next(journal: SqlJournal, database: Database) -> None:
    wake = Wake(at=after(days=3), what="accept due, riley")
    journal.record(turn(1, "created", wake=wake), FENCE, NOW)
    assert rows(database, "SELECT due_what FROM leads") == [{"due_what": "accept due, riley"}]
    journal.record(turn(2, "closed", before=1, closed=True), NEWER, NOW)
    (lead,) = rows(database, "SELECT due_at, due_what, closed FROM leads")
    assert (lead["due_at"], lead["due_what"], bool(lead["closed"])) == (None, None, True)


OPENED = ("handoff_opened", {"handoff": 1, "team": "sdr"})
ASSIGNED = (
    "assigned",
    {"handoff": 1, "owner": "riley@acme.example", "attempt": 1, "due": "2026-03-02T18:00:00Z"},
)


def test_a_handoff_is_followed_to_its_acceptance(journal: SqlJournal, database: Database) -> None:
    journal.record(
        turn(1, "created", OPENED, handoffs=1, handoff=handoff(), stage="mql"), FENCE, NOW
    )
    given = handoff(attempt=1, assigned=after(seconds=90))
    owner = "riley@acme.example"
    journal.record(
        turn(
            2,
            ASSIGNED,
            before=2,
            at=after(seconds=90),
            handoffs=1,
            handoff=given,
            stage="mql",
            owner=owner,
        ),
        FENCE,
        NOW,
    )
    accepted = ("accepted", {"handoff": 1, "by": owner, "open_seconds": 600, "late": False})
    journal.record(
        turn(
            3,
            accepted,
            before=3,
            at=after(minutes=12),
            handoffs=1,
            handoff=given,
            stage="sal",
            owner=owner,
        ),
        FENCE,
        NOW,
    )
    (row,) = rows(database, "SELECT * FROM handoffs")
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
    assert rows(database, "SELECT breaches, accept_breaches FROM handoffs") == [
        {"breaches": 1, "accept_breaches": 1}
    ]


def test_a_handoff_that_the_second_run_did_not_open_is_gone(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, "created"), FENCE, NOW)
    task = ("task_opened", {"task": "t1", "task_kind": "call"})
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
    assert rows(database, "SELECT task, team FROM tasks") == [{"task": "t1", "team": "sdr"}]
    journal.record(turn(2, ("disqualified", {"reason": "spam"}), before=1), NEWER, NOW)
    assert rows(database, "SELECT * FROM handoffs") == []
    assert rows(database, "SELECT * FROM tasks") == []


def test_an_earlier_handoff_is_over_when_the_next_one_opens(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, OPENED, handoffs=1, handoff=handoff()), FENCE, NOW)
    second = ("handoff_opened", {"handoff": 2, "team": "ae"})
    opened = handoff(2, team="ae", opened=after(days=2))
    journal.record(
        turn(2, second, before=1, at=after(days=2), handoffs=2, handoff=opened), FENCE, NOW
    )
    found = rows(database, "SELECT number, team, over FROM handoffs ORDER BY number")
    assert [(row["number"], row["team"], bool(row["over"])) for row in found] == [
        (1, "sdr", True),
        (2, "ae", False),
    ]


def test_a_recycle_ends_the_handoff(journal: SqlJournal, database: Database) -> None:
    journal.record(turn(1, OPENED, handoffs=1, handoff=handoff(), stage="mql"), FENCE, NOW)
    told = ("recycled", {"reason": "bad_timing"}), ("stage", {"from": "mql", "to": "recycled"})
    journal.record(turn(2, *told, before=1, handoffs=1, stage="recycled"), FENCE, NOW)
    (row,) = rows(database, "SELECT over FROM handoffs")
    assert row["over"]


def test_a_done_task_is_no_longer_open(journal: SqlJournal, database: Database) -> None:
    task = ("task_opened", {"task": "t1", "task_kind": "call", "owner": "riley@acme.example"})
    waiting = (TaskState(id="t1", kind="call", owner="riley@acme.example"),)
    journal.record(turn(1, task, tasks=waiting, task_count=1), FENCE, NOW)
    done = ("task_done", {"task": "t1", "task_kind": "call"})
    journal.record(turn(2, done, before=1, task_count=1), FENCE, NOW)
    (row,) = rows(database, "SELECT open, done FROM tasks")
    assert not row["open"]
    assert row["done"] is not None


def test_suppression_belongs_to_the_address_and_is_lifted_with_it(
    journal: SqlJournal, database: Database
) -> None:
    outbox = SqlOutbox(database)
    address = "Ana@Northwind.example "
    profile = {"email": address}
    told = ("suppressed", {"why": "unsubscribed"})
    stop = turn(1, told, suppressed=("unsubscribed",), profile=profile)
    for _ in range(2):
        journal.record(stop, FENCE, NOW)
    assert outbox.suppression("ana@northwind.example", operational=False) == "unsubscribed"
    lift = turn(2, ("unsuppressed", {"why": "unsubscribed"}), before=1, profile=profile)
    for _ in range(2):
        journal.record(lift, FENCE, NOW)
    assert outbox.suppression("ana@northwind.example", operational=False) is None


def test_a_suppression_that_the_second_run_does_not_tell_is_gone(
    journal: SqlJournal, database: Database
) -> None:
    told = ("suppressed", {"why": "bounced"})
    journal.record(turn(1, told, suppressed=("bounced",)), FENCE, NOW)
    journal.record(turn(1, "noted"), NEWER, NOW)
    address = "ana@northwind.example"
    assert SqlOutbox(database).suppression(address, operational=False) is None


def test_who_subscribes_again_lifts_it_whichever_lead_was_told(
    journal: SqlJournal, database: Database
) -> None:
    profile = {"email": "shared@northwind.example"}
    told = ("suppressed", {"why": "unsubscribed"})
    stopped = turn(1, told, lead="ana", suppressed=("unsubscribed",), profile=profile)
    journal.record(stopped, FENCE, NOW)
    wanted = ("event", {"event": "r", "type": "email.resubscribed"})
    journal.record(turn(1, wanted, lead="ben", profile=profile), FENCE, NOW)
    outbox = SqlOutbox(database)
    assert outbox.suppression("shared@northwind.example", operational=False) is None


def test_what_another_lead_of_the_same_address_was_told_stays(
    journal: SqlJournal, database: Database
) -> None:
    profile = {"email": "shared@northwind.example"}
    told = ("suppressed", {"why": "complained"})
    journal.record(
        turn(1, told, lead="ana", suppressed=("complained",), profile=profile), FENCE, NOW
    )
    bounced = ("suppressed", {"why": "bounced"})
    journal.record(
        turn(1, bounced, lead="ben", suppressed=("bounced",), profile=profile), FENCE, NOW
    )
    lifted = ("unsuppressed", {"why": "bounced"})
    journal.record(turn(2, lifted, lead="ben", before=1, profile=profile), FENCE, NOW)
    outbox = SqlOutbox(database)
    assert outbox.suppression("shared@northwind.example", operational=True) == "complained"


def test_a_changed_address_leaves_the_bounce_with_the_old_one(
    journal: SqlJournal, database: Database
) -> None:
    both = ("bounced", "unsubscribed")
    told = [("suppressed", {"why": why}) for why in both]
    journal.record(turn(1, *told, suppressed=both), FENCE, NOW)
    change = ("profile", {"changed": ["email"]})
    lift = ("unsuppressed", {"why": "bounced"})
    profile = {"email": "ana@contoso.example"}
    journal.record(
        turn(2, change, lift, before=2, suppressed=("unsubscribed",), profile=profile), FENCE, NOW
    )
    outbox = SqlOutbox(database)
    assert outbox.suppression("ana@northwind.example", operational=True) == "bounced"
    assert outbox.suppression("ana@contoso.example", operational=True) is None
    assert outbox.suppression("ana@contoso.example", operational=False) == "unsubscribed"


def test_what_strangers_write_is_stored_whatever_its_characters(journal: SqlJournal) -> None:
    odd = ("event", {"event": "a\0b\ud800", "type": "page.viewed", "subject": "\ud800 \0 'x' 😀"})
    journal.record(turn(1, odd, profile={"email": "a@b.example", "title": "\0\ud800"}), FENCE, NOW)
    found = journal.stored("ana")
    assert found is not None
    assert found.seen == ("ab?",)


def test_a_turn_that_fails_halfway_leaves_nothing(journal: SqlJournal, database: Database) -> None:
    with pytest.raises((sa.exc.StatementError, TypeError), match="complex"):
        journal.record(turn(1, "created", ("noted", {"note": 1j})), FENCE, NOW)
    assert rows(database, "SELECT * FROM leads") == []
    assert timeline(database) == []
