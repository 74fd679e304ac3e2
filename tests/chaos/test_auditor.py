"""The auditor finds planted faults and lets what is sound pass.

The file is long because each promise of the auditor is broken here once.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos.auditor import (
    AttemptedAct,
    AuditedMail,
    AuditedRow,
    Snapshot,
    TimelineRead,
    audit,
)

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OWNER = "riley@acme.example"
DUE = BEGAN + timedelta(minutes=30)
GIVEN_UP = AuditedMail("a", "failed", "unknown_outcome")


def at(minutes: int) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


@pytest.fixture
def seen() -> Snapshot:
    """One lead, worked as it should be, and one whose breach came."""
    due = {"owner": OWNER, "due": DUE.isoformat(), "clock": "accept"}
    entries = [
        TimelineRead("a", 1, at(0), "created"),
        TimelineRead("a", 2, at(1), "email_sent", fields={"message": "m1@acme.example"}),
        TimelineRead("a", 3, at(2), "event", "e1"),
        TimelineRead("a", 4, at(2), "assigned", fields={"handoff": 1, "owner": OWNER}),
        TimelineRead("a", 5, at(9), "accepted", fields={"by": OWNER}),
        TimelineRead("b", 1, at(0), "created"),
        TimelineRead("b", 2, at(0), "assigned", fields={"handoff": 1, "owner": OWNER}),
        TimelineRead("b", 3, at(30), "breached", fields=due),
    ]
    rows = {
        "a": AuditedRow("sal", OWNER, 3, False),
        "b": AuditedRow("mql", OWNER, 2, False, DUE, breached=True),
    }
    says: dict[str, dict[str, Any] | None] = {
        lead: {
            "stage": row.stage,
            "owner": row.owner,
            "turn": row.turn,
            "closed": False,
            "settled": True,
        }
        for lead, row in rows.items()
    }
    read = Snapshot(
        leads=["a", "b"],
        now=at(60),
        entries=entries,
        rows=rows,
        standings=says,
        capacity={OWNER: 2},
    )
    read.stood = {(one.lead, one.seq): one for one in entries}
    read.accepted = {("a", "e1")}
    read.acts = [AttemptedAct("a", "accept", OWNER, at(9), "ok")]
    read.messages = {"m1@acme.example": AuditedMail("a", "sent")}
    read.inbox.update(["m1@acme.example"])
    read.reached = {"m1@acme.example"}
    read.crm_rows = {"c1": ("sent", "a", 5), "c2": ("sent", "b", 3)}
    read.crm_taken = [("c1", "a", 5), ("c2", "b", 3)]
    read.assignments.update([("a", 1, OWNER), ("b", 1, OWNER)])
    return read


def finds(seen: Snapshot, *what: str) -> None:
    complaints = audit(seen).complaints
    assert [one.partition(":")[0] for one in complaints] == list(what), complaints


def without(seen: Snapshot, lead: str, seq: int) -> None:
    seen.entries = [one for one in seen.entries if (one.lead, one.seq) != (lead, seq)]
    del seen.stood[lead, seq]


def test_nothing_is_wrong(seen: Snapshot) -> None:
    finds(seen)


def test_a_dropped_event(seen: Snapshot) -> None:
    seen.accepted.add(("a", "e2"))
    finds(seen, "accepted events on no timeline")


def test_an_event_that_still_waits_is_sound(seen: Snapshot) -> None:
    seen.accepted.add(("a", "e2"))
    seen.waiting.add(("a", "e2"))
    finds(seen)


def test_an_event_recorded_twice(seen: Snapshot) -> None:
    seen.entries.append(TimelineRead("a", 6, at(10), "event", "e1"))
    finds(seen, "events recorded twice")


def test_a_doubled_mail(seen: Snapshot) -> None:
    seen.inbox.update(["m1@acme.example"])
    finds(seen, "mails delivered twice")


def test_a_mail_that_never_arrived(seen: Snapshot) -> None:
    seen.inbox.clear()
    finds(seen, "mails recorded as sent that never arrived")


def test_a_mail_given_up_that_the_relay_never_saw(seen: Snapshot) -> None:
    seen.messages["m2@acme.example"] = GIVEN_UP
    finds(seen, "mails given up that never came to the relay")


def test_a_mail_given_up_that_the_relay_saw_is_sound(seen: Snapshot) -> None:
    seen.messages["m2@acme.example"] = GIVEN_UP
    seen.reached.add("m2@acme.example")
    finds(seen)


def test_a_mail_given_up_whose_content_the_relay_asked_for_in_vain_is_sound(
    seen: Snapshot,
) -> None:
    seen.messages["m2@acme.example"] = GIVEN_UP
    seen.unfinished["a"] = 1
    finds(seen)


def test_one_unfinished_mail_excuses_no_two_that_were_given_up(seen: Snapshot) -> None:
    seen.messages |= {"m2@acme.example": GIVEN_UP, "m3@acme.example": GIVEN_UP}
    seen.unfinished["a"] = 1
    finds(seen, "mails given up that never came to the relay")


def test_an_unfinished_mail_to_another_lead_excuses_none(seen: Snapshot) -> None:
    seen.messages["m2@acme.example"] = GIVEN_UP
    seen.unfinished["b"] = 1
    finds(seen, "mails given up that never came to the relay")


def test_a_mail_whose_result_was_under_way_when_the_stores_were_read_is_sound(
    seen: Snapshot,
) -> None:
    seen.inbox.update(["m3@acme.example"])
    seen.told_later.add("m3@acme.example")
    finds(seen)


def test_a_mail_that_no_timeline_records(seen: Snapshot) -> None:
    seen.inbox.update(["m3@acme.example"])
    finds(seen, "mails delivered that no timeline records")


def test_a_mail_left_claimed(seen: Snapshot) -> None:
    seen.messages["m4@acme.example"] = AuditedMail("a", "claimed")
    finds(seen, "mails still claimed")


def test_a_rewritten_entry(seen: Snapshot) -> None:
    seen.entries[4] = replace(seen.entries[4], fields={"by": "sam@acme.example"})
    finds(seen, "entries rewritten after they stood")


def test_an_entry_that_only_got_another_time_is_a_note(seen: Snapshot) -> None:
    seen.entries[0] = replace(seen.entries[0], at=at(-1))
    finds(seen)


def test_an_entry_that_is_gone(seen: Snapshot) -> None:
    seen.entries.pop()
    finds(seen, "entries rewritten after they stood")


def test_a_breach_that_never_came(seen: Snapshot) -> None:
    without(seen, "b", 3)
    seen.rows["b"].breached = False
    finds(seen, "breaches that never came")


def test_a_breach_that_may_still_come(seen: Snapshot) -> None:
    without(seen, "b", 3)
    seen.rows["b"].breached = False
    seen.now = DUE + seen.late
    finds(seen)


def test_a_breach_that_fell_due_after_its_row_was_read_is_sound(seen: Snapshot) -> None:
    without(seen, "b", 3)
    seen.rows["b"] = replace(seen.rows["b"], breached=False, read=DUE)
    finds(seen)


def test_a_breach_in_spite_of_an_acceptance(seen: Snapshot) -> None:
    seen.acts.append(AttemptedAct("b", "accept", OWNER, at(25), "refused"))
    finds(seen, "breached though the owner had accepted in time")


def test_an_act_answered_and_not_done(seen: Snapshot) -> None:
    seen.acts.append(AttemptedAct("b", "note", OWNER, at(25), "ok", "hello"))
    finds(seen, "acts that differ from their answers")


def test_an_act_that_nobody_answered_may_be_done_or_not(seen: Snapshot) -> None:
    seen.acts.append(AttemptedAct("b", "note", OWNER, at(25), "unknown", "hello"))
    finds(seen)


def _restored(seen: Snapshot) -> None:
    """An older database was restored: the last two entries of `a` went with the newer one."""
    seen.lost, seen.entries = seen.entries[3:5], seen.entries[:3] + seen.entries[5:]
    seen.assignments.subtract([("a", 1, OWNER)])


def test_entries_that_went_with_a_database_are_no_gap_if_the_lead_goes_on_after_them(
    seen: Snapshot,
) -> None:
    _restored(seen)
    seen.entries.append(TimelineRead("a", 6, at(61), "noted"))
    finds(seen)


def test_a_lead_that_forgot_what_went_with_a_database(seen: Snapshot) -> None:
    _restored(seen)
    seen.entries.append(TimelineRead("a", 4, at(61), "noted"))
    finds(
        seen,
        "timelines that go backwards",
        "entries rewritten after they stood",
        "numbers of lost entries that were used again",
    )


def test_an_event_lost_after_a_database_was_restored(seen: Snapshot) -> None:
    _restored(seen)
    seen.accepted.add(("a", "e2"))
    finds(seen, "accepted events on no timeline")


def test_a_gap(seen: Snapshot) -> None:
    without(seen, "a", 3)
    seen.accepted.clear()
    finds(seen, "timelines with gaps")


def test_a_timeline_that_goes_backwards(seen: Snapshot) -> None:
    seen.entries.append(TimelineRead("a", 6, at(1), "noted"))
    finds(seen, "timelines that go backwards")


def test_a_row_that_differs(seen: Snapshot) -> None:
    seen.rows["a"].turn = 2
    finds(seen, "rows that differ from their workflows")


def test_a_lead_that_does_not_answer(seen: Snapshot) -> None:
    seen.standings["a"] = None
    finds(seen, "leads that do not answer")


def test_a_lead_that_has_something_to_do_and_does_nothing(seen: Snapshot) -> None:
    seen.standings["a"] = (seen.standings["a"] or {}) | {"settled": False}
    finds(seen, "leads that have something to do and do nothing")


def test_a_lead_whose_mail_will_be_tried_again_is_sound(seen: Snapshot) -> None:
    seen.standings["a"] = (seen.standings["a"] or {}) | {"settled": False}
    seen.tries = {"a": ["send_mail, try 4"]}
    finds(seen)


def test_a_history_that_does_not_replay(seen: Snapshot) -> None:
    seen.replays["a"] = "nondeterminism"
    finds(seen, "histories that do not replay")


def test_the_crm_out_of_order(seen: Snapshot) -> None:
    seen.crm_taken.insert(0, ("c3", "a", 6))
    finds(seen, "leads sent to the CRM out of order")


def test_an_entry_that_was_not_sent_to_the_crm(seen: Snapshot) -> None:
    del seen.crm_rows["c1"]
    finds(seen, "entries that were not sent to the CRM")


def test_an_entry_sent_to_the_crm_under_two_ids(seen: Snapshot) -> None:
    seen.crm_taken.append(("c4", "a", 5))
    finds(seen, "entries sent to the CRM under two ids")


def test_an_assignment_on_no_timeline(seen: Snapshot) -> None:
    seen.assignments.update([("a", 2, OWNER)])
    finds(seen, "assignments counted that no timeline records")


def test_too_much_for_one_owner(seen: Snapshot) -> None:
    seen.capacity = {OWNER: 1}
    finds(seen, "owners over their capacity")


def test_a_breach_that_came_late(seen: Snapshot) -> None:
    seen.on_time = timedelta(minutes=5)
    seen.entries[-1] = seen.stood["b", 3] = replace(seen.entries[-1], at=at(36))
    finds(seen, "breaches over 0")


def test_a_breach_that_came_late_because_a_part_was_away_is_sound(seen: Snapshot) -> None:
    seen.on_time = timedelta(minutes=5)
    seen.entries[-1] = seen.stood["b", 3] = replace(seen.entries[-1], at=at(46))
    seen.faults = [(at(32), at(40)), (at(20), at(33)), (at(41), at(44)), (at(50), at(60))]
    finds(seen)


def test_a_breach_that_waited_for_a_task_of_a_killed_worker_is_sound(seen: Snapshot) -> None:
    seen.on_time = timedelta(minutes=5)
    seen.entries[-1] = seen.stood["b", 3] = replace(seen.entries[-1], at=at(46))
    seen.faults, seen.lost_tasks = [(at(28), at(32))], {"b": [(at(27), at(45))]}
    finds(seen)


def test_a_task_that_timed_out_without_a_fault_excuses_nothing(seen: Snapshot) -> None:
    seen.on_time = timedelta(minutes=5)
    seen.entries[-1] = seen.stood["b", 3] = replace(seen.entries[-1], at=at(46))
    seen.faults, seen.lost_tasks = [(at(20), at(22))], {"b": [(at(27), at(45))]}
    finds(seen, "breaches over 0")
