"""The events of a turn are stored together with the turn, or not at all.

The file is long because each kind of event of the CRM stands here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.ports import Fence
from adapters.crm.events import TYPES, event_rows
from adapters.crm.outbox import CrmEvent, SqlCrmOutbox, TurnEvents
from adapters.reports.backlog import backlog
from adapters.reports.reconciliation import SqlReconciliation
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.decision import Decision, Entry
from models.state import LeadState
from tests.journal.turns import FENCE, NEWER, NOW, after, event_entry, handoff, read_rows, turn

RILEY = "riley@acme.example"
LEASE = timedelta(minutes=1)


@pytest.fixture
def crm_journal(database: Database) -> SqlJournal:
    return SqlJournal(database, crm=TurnEvents(database))


def list_crm_events(database: Database) -> list[CrmEvent]:
    return SqlCrmOutbox(database).listed(["waiting", "sent", "dead"], limit=1_000)


def turn_with_handoff() -> Decision:
    return turn(
        1,
        "created",
        event_entry("e1"),
        ("stage", {"from": "known", "to": "engaged", "why": "engaged"}),
        ("stage", {"from": "engaged", "to": "mql", "why": "mql"}),
        ("handoff_opened", {"handoff": 1, "team": "sdr"}),
        ("assigned", {"handoff": 1, "owner": RILEY, "attempt": 1, "due": "2026-03-02T18:00:00Z"}),
        stage="mql",
        owner=RILEY,
        handoff=handoff(),
        profile={
            "email": "ana@northwind.example",
            "first_name": "Ana",
            "company": "Northwind",
            "phone": "+1 555 0100",
        },
    )


def test_a_turn_writes_the_crms_events_in_order(
    crm_journal: SqlJournal, database: Database
) -> None:
    crm_journal.record(turn_with_handoff(), FENCE, NOW)
    found = list_crm_events(database)
    assert [(one.seq, one.type) for one in found] == [
        (1, "lead.created"),
        (4, "lead.mql"),
        (6, "lead.assigned"),
    ]
    assigned = found[-1]
    assert (assigned.lead, assigned.at, assigned.status, assigned.tries) == (
        "ana",
        NOW,
        "waiting",
        0,
    )
    assert assigned.data == {
        "lead": {
            "id": "ana",
            "email": "ana@northwind.example",
            "first_name": "Ana",
            "company": "Northwind",
            "stage": "mql",
            "owner": RILEY,
            "team": "sdr",
            "program": "acme",
            "cycle": 1,
        },
        "entry": {
            "seq": 6,
            "kind": "assigned",
            "handoff": 1,
            "owner": RILEY,
            "attempt": 1,
            "due": "2026-03-02T18:00:00Z",
        },
    }


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_kind_of_entry_for_the_crm_makes_an_event(
    crm_journal: SqlJournal, database: Database, kind: str
) -> None:
    fields = {"handoff": 1} if kind in ("assigned", "accepted") else {}
    crm_journal.record(turn(1, (kind, fields)), FENCE, NOW)
    assert [one.type for one in list_crm_events(database)] == [TYPES[kind]]


def test_without_a_crm_nothing_is_written(journal: SqlJournal, database: Database) -> None:
    journal.record(turn_with_handoff(), FENCE, NOW)
    assert list_crm_events(database) == []


def test_a_turn_that_runs_again_writes_the_same_events_with_the_same_ids(
    crm_journal: SqlJournal, database: Database
) -> None:
    crm_journal.record(turn_with_handoff(), FENCE, NOW)
    before = [one.id for one in list_crm_events(database)]
    crm_journal.record(turn_with_handoff(), NEWER, NOW)
    assert [one.id for one in list_crm_events(database)] == before
    assert len(set(before)) == 3


def test_a_turn_that_runs_again_with_another_outcome_adds_no_event(
    crm_journal: SqlJournal, database: Database
) -> None:
    crm_journal.record(turn(1, "created"), FENCE, NOW)
    crm_journal.record(turn(2, ("won", {"amount": 1}), ("accepted", {}), before=1), FENCE, NOW)
    before = [one.id for one in list_crm_events(database)]
    crm_journal.record(turn(2, ("lost", {"reason": "price"}), before=1), NEWER, NOW)
    crm_journal.record(turn(2, "noted", before=1), Fence(run=NEWER.run, length=30), NOW)
    assert [one.id for one in list_crm_events(database)] == before


def test_sent_and_waiting_events_are_kept_when_their_turn_runs_again_with_another_outcome(
    crm_journal: SqlJournal, database: Database
) -> None:
    outbox = SqlCrmOutbox(database)
    crm_journal.record(turn(1, "created", ("touched", {"n": 1})), FENCE, NOW)
    [first] = outbox.take(10, LEASE)
    outbox.sent(first)
    crm_journal.record(turn(1, "created", ("touched", {"n": 2})), NEWER, NOW)
    statuses = [
        (one.type, one.status, one.data["entry"].get("n")) for one in list_crm_events(database)
    ]
    assert statuses == [("lead.created", "sent", None), ("lead.touched", "waiting", 1)]


def test_an_event_that_is_being_sent_while_its_turn_runs_again_is_recorded_as_sent(
    crm_journal: SqlJournal, database: Database
) -> None:
    outbox = SqlCrmOutbox(database)
    crm_journal.record(turn(1, "created"), FENCE, NOW)
    [taken] = outbox.take(10, LEASE)
    crm_journal.record(turn(1, "created"), NEWER, NOW)
    outbox.sent(taken)
    assert [one.status for one in list_crm_events(database)] == ["sent"]


def test_an_older_writer_writes_no_event(crm_journal: SqlJournal, database: Database) -> None:
    crm_journal.record(turn(1, "created"), NEWER, NOW)
    crm_journal.record(turn(1, "created", ("won", {"amount": 1})), FENCE, NOW)
    assert [one.type for one in list_crm_events(database)] == ["lead.created"]


def test_a_turn_that_fails_writes_no_event(crm_journal: SqlJournal, database: Database) -> None:
    bad: dict[str, Any] = {"amount": 1j}
    with pytest.raises(Exception, match="complex"):
        crm_journal.record(turn(1, "created", ("won", bad)), FENCE, NOW)
    assert list_crm_events(database) == []


def test_an_event_may_hold_any_character(crm_journal: SqlJournal, database: Database) -> None:
    odd = turn(
        1,
        ("touched", {"note": "a\0b\ud800 😀"}),
        profile={"email": "x@y.example", "company": "\0\ud800"},
    )
    crm_journal.record(odd, FENCE, NOW)
    assert len(list_crm_events(database)) == 1


def test_only_the_first_event_of_each_lead_can_be_taken(
    crm_journal: SqlJournal, database: Database
) -> None:
    outbox = SqlCrmOutbox(database)
    for lead in ("ana", "bea"):
        crm_journal.record(turn(1, "created", ("touched", {}), lead=lead), FENCE, NOW)
    first = outbox.take(10, LEASE)
    assert sorted((one.lead, one.seq) for one in first) == [("ana", 1), ("bea", 1)]
    assert outbox.take(10, LEASE) == []
    outbox.sent(first[0])
    assert [(one.lead, one.seq) for one in outbox.take(10, LEASE)] == [(first[0].lead, 2)]


def test_a_dead_event_delays_nothing_and_can_be_sent_again(
    crm_journal: SqlJournal, database: Database
) -> None:
    outbox = SqlCrmOutbox(database)
    crm_journal.record(turn(1, "created", ("touched", {})), FENCE, NOW)
    [first] = outbox.take(10, LEASE)
    outbox.dead(first, "410 Gone")
    [second] = outbox.take(10, LEASE)
    assert second.seq == 2
    assert [(one.id, one.why) for one in outbox.listed(["dead"], limit=9)] == [
        (first.id, "410 Gone")
    ]
    outbox.sent(second)
    assert outbox.retry([first.id, second.id, "unknown"]) == [first.id]
    [again] = outbox.take(10, LEASE)
    assert (again.id, again.tries) == (first.id, 1)
    assert outbox.retry_dead() == []


def test_an_event_that_nobody_takes_is_seen_also_after_its_lease(
    crm_journal: SqlJournal, database: Database
) -> None:
    crm_journal.record(turn(1, "created"), FENCE, NOW)
    [event] = list_crm_events(database)

    def untaken(at: datetime) -> datetime | None:
        return backlog(database, at).outbox_ready_since

    assert untaken(event.ready) == event.ready
    later = event.ready + timedelta(hours=2)
    rows = SqlReconciliation(database)
    [found] = rows.waiting_crm_events(later, 9)
    assert (found.what, found.since) == ("lead.created", event.ready)
    SqlCrmOutbox(database, now=lambda: later).take(1, LEASE)
    assert untaken(later) == later + LEASE
    assert [one.since for one in rows.waiting_crm_events(later + LEASE, 9)] == [later]


def test_later_events_of_the_lead_are_put_off_together_with_the_first(
    crm_journal: SqlJournal, database: Database
) -> None:
    now = [after(days=99)]
    outbox = SqlCrmOutbox(database, now=lambda: now[0])
    crm_journal.record(turn(1, "created", ("touched", {}), ("won", {})), FENCE, NOW)
    now[0] = max(one.ready for one in list_crm_events(database)) + timedelta(seconds=1)
    [first] = outbox.take(10, LEASE)
    later = now[0] + timedelta(hours=1)
    outbox.again(first, "500", later)
    found = read_rows(database, "SELECT ready FROM webhook_events WHERE status = 'waiting'")
    assert len({str(one["ready"]) for one in found}) == 1
    assert outbox.take(10, LEASE) == []
    now[0] = later
    [again] = outbox.take(10, LEASE)
    assert (again.id, again.tries, again.why) == (first.id, 2, "500")
    assert again.first_tried == first.first_tried


def test_only_what_was_sent_long_ago_is_removed(
    crm_journal: SqlJournal, database: Database
) -> None:
    outbox = SqlCrmOutbox(database)
    crm_journal.record(turn(1, "created", ("touched", {}), ("won", {})), FENCE, NOW)
    [first] = outbox.take(1, LEASE)
    outbox.sent(first)
    [second] = outbox.take(1, LEASE)
    outbox.dead(second, "410 Gone")
    assert outbox.purge(after(days=-30)) == 0
    assert outbox.purge(NOW.replace(year=2099)) == 1
    assert [one.status for one in list_crm_events(database)] == ["dead", "waiting"]


def test_lists_show_the_latest_of_one_lead_or_of_all(
    crm_journal: SqlJournal, database: Database
) -> None:
    outbox = SqlCrmOutbox(database)
    for hour, lead in enumerate(("ana", "bea", "ana")):
        decision = turn(hour + 1, ("touched", {}), lead=lead, before=hour, at=after(hours=hour))
        crm_journal.record(decision, FENCE, NOW)
    everything = outbox.listed(["waiting"], limit=2)
    assert [(one.lead, one.seq) for one in everything] == [("bea", 2), ("ana", 3)]
    assert [one.seq for one in outbox.listed(["waiting"], lead="ana", limit=9)] == [1, 3]


def test_an_event_has_the_same_id_whenever_its_turn_runs() -> None:
    def crm_events(at: datetime, due: object) -> str:
        state = LeadState(lead="ana", program="acme", digest="0")
        fields = {"owner": "riley@acme.example", "handoff": 1, "due": due}
        (row,) = event_rows(state, [Entry(seq=7, at=at, kind="assigned", fields=fields)])
        return str(row["id"])

    later = NOW + timedelta(seconds=9)
    assert (
        crm_events(NOW, NOW)
        == crm_events(later, later)
        == crm_events(later, "2026-03-02T14:00:09Z")
    )


def test_events_of_other_entries_or_causes_have_other_ids() -> None:
    def crm_events(seq: int, kind: str, **fields: object) -> str:
        state = LeadState(lead="ana", program="acme", digest="0")
        (row,) = event_rows(state, [Entry(seq=seq, at=NOW, kind=kind, fields=fields)])
        return str(row["id"])

    ids = {
        crm_events(7, "accepted", by="riley@acme.example"),
        crm_events(7, "accepted", by="sam@acme.example"),
        crm_events(8, "accepted", by="riley@acme.example"),
        crm_events(7, "qualified", by="riley@acme.example"),
    }
    assert len(ids) == 4
