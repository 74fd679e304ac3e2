from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from activities.ports import Fence
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from models.decision import Wake
from tests.journal.turns import FENCE, NEWER, NOW, after, event_entry, handoff, read_rows, turn

NEXT_RUN = Fence(run=FENCE.run + 1, length=30, run_id="next")


def timeline(database: Database) -> list[tuple[int, int, str]]:
    found = read_rows(database, "SELECT seq, turn, kind FROM entries ORDER BY seq")
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
    journal.record(turn(1, "created", event_entry("b"), event_entry("a")), FENCE, NOW)
    again = ("ignored", {"event": "b", "type": "page.viewed", "why": "duplicate"})
    machine = ("ignored", {"event": "m", "type": "email.opened", "why": "machine"})
    journal.record(turn(2, again, machine, event_entry("c"), before=3), NEWER, NOW)
    found = journal.stored("ana")
    assert found is not None
    assert found.seen == ("b", "a", "m", "c")


def test_the_latest_thousand_event_ids_come_back(journal: SqlJournal) -> None:
    journal.record(turn(1, *(event_entry(f"e{n}") for n in range(1_200))), FENCE, NOW)
    found = journal.stored("ana")
    assert found is not None
    assert found.seen == tuple(f"e{n}" for n in range(200, 1_200))


def test_an_event_id_of_any_age_is_found_on_the_timeline(journal: SqlJournal) -> None:
    odd = ["with\0zero", "half \ud800 pair", "it's; --"]
    entries = [event_entry(name) for name in ("first", *odd)]
    later = [event_entry(f"e{n}") for n in range(1_200)]
    journal.record(turn(1, *entries, *later), FENCE, NOW)
    journal.record(turn(1, event_entry("other"), lead="bo"), FENCE, NOW)
    assert journal.known_events(["ana"], ["first", *odd, "e7", "other", "never"]) == {
        "first",
        *odd,
        "e7",
    }
    assert journal.known_events(["ana"], []) == frozenset()


@pytest.mark.parametrize("writer", [FENCE, NEWER, NEXT_RUN])
def test_a_turn_is_stored_once_and_a_repetition_gets_the_stored_row(
    journal: SqlJournal, database: Database, writer: Fence
) -> None:
    taken = [("f1", None, None), ("f2", "It is closed.", "stage")]
    assert journal.record(turn(1, "created", event_entry("a")), FENCE, NOW, taken=taken) is None
    before = (
        read_rows(database, "SELECT * FROM leads"),
        read_rows(database, "SELECT * FROM entries"),
    )
    other = turn(1, "created", ("suppressed", {"why": "bounced"}), suppressed=("bounced",))
    stored = journal.record(other, writer, after(hours=1), taken=[("f1", None, None)])
    assert stored is not None
    assert (stored.state.turn, stored.taken, stored.fence) == (1, tuple(taken), FENCE)
    assert before == (
        read_rows(database, "SELECT * FROM leads"),
        read_rows(database, "SELECT * FROM entries"),
    )
    address = "ana@northwind.example"
    assert SqlMailLedger(database).suppression(address, operational=False) is None


def test_an_earlier_turn_changes_nothing_and_gets_the_stored_row(
    journal: SqlJournal, database: Database
) -> None:
    for number in range(1, 5):
        decision = turn(number, event_entry(f"e{number}"), before=number - 1)
        assert journal.record(decision, FENCE, NOW, asked=[{"key": number}]) is None
    before = timeline(database)
    for writer in (FENCE, NEXT_RUN):
        newer = journal.record(turn(2, "touched", before=1), writer, NOW)
        assert newer is not None
        assert (newer.state.turn, newer.asked, newer.fence) == (4, ({"key": 4},), FENCE)
        assert newer.seen == ("e1", "e2", "e3", "e4")
    assert timeline(database) == before
    assert journal.record(turn(5, "touched", before=4), NEXT_RUN, NOW) is None


def test_a_row_that_an_older_leadflow_wrote_is_read(
    journal: SqlJournal, database: Database
) -> None:
    journal.record(turn(1, "created"), FENCE, NOW, taken=[("f1", None, None)])
    with database.write() as connection:
        connection.execute(sa.text("UPDATE leads SET writer = NULL"))
    stored = journal.record(turn(1, "noted"), NEXT_RUN, NOW)
    assert stored is not None
    assert (stored.taken, stored.asked) == ((), ())
    assert timeline(database) == [(1, 1, "created")]


def test_of_many_writers_of_a_turn_one_stores_it(journal: SqlJournal, database: Database) -> None:
    fences = [Fence(run=FENCE.run, length=length) for length in range(40)]

    def write(fence: Fence) -> bool:
        decision = turn(1, ("noted", {"note": str(fence.length)}))
        return journal.record(decision, fence, NOW) is None

    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(write, fences))
    assert stored.count(True) == 1
    assert timeline(database) == [(1, 1, "noted")]
    (lead,) = read_rows(database, "SELECT fence_length FROM leads")
    assert lead["fence_length"] == stored.index(True)


def test_the_row_says_what_is_due_next(journal: SqlJournal, database: Database) -> None:
    wake = Wake(at=after(days=3), what="accept due, riley")
    journal.record(turn(1, "created", wake=wake), FENCE, NOW)
    assert read_rows(database, "SELECT due_what FROM leads") == [{"due_what": "accept due, riley"}]
    journal.record(turn(2, "closed", before=1, closed=True), NEWER, NOW)
    (lead,) = read_rows(database, "SELECT due_at, due_what, closed FROM leads")
    assert (lead["due_at"], lead["due_what"], bool(lead["closed"])) == (None, None, True)


def test_unauthenticated_input_is_stored_whatever_its_characters(journal: SqlJournal) -> None:
    odd = ("event", {"event": "a\0b\ud800", "type": "page.viewed", "subject": "\ud800 \0 'x' 😀"})
    journal.record(turn(1, odd, profile={"email": "a@b.example", "title": "\0\ud800"}), FENCE, NOW)
    found = journal.stored("ana")
    assert found is not None
    assert found.seen == ("ab?",)


def test_a_turn_that_fails_halfway_leaves_nothing(journal: SqlJournal, database: Database) -> None:
    with pytest.raises((sa.exc.StatementError, TypeError), match="complex"):
        journal.record(turn(1, "created", ("noted", {"note": 1j})), FENCE, NOW)
    assert read_rows(database, "SELECT * FROM leads") == []
    assert timeline(database) == []


def test_a_lead_whose_row_was_lost_has_its_names_and_suppressions_again(
    journal: SqlJournal, database: Database
) -> None:
    """An older database was restored, and the workflow goes on with its fifth turn."""
    journal.record(turn(5, "noted", before=9, suppressed=("unsubscribed",)), FENCE, NOW)
    assert read_rows(database, "SELECT id, lead FROM lead_ids") == [{"id": "ana", "lead": "ana"}]
    assert read_rows(database, "SELECT address, lead FROM lead_addresses") == [
        {"address": "ana@northwind.example", "lead": "ana"}
    ]
    assert read_rows(database, "SELECT address, reason FROM suppressions") == [
        {"address": "ana@northwind.example", "reason": "unsubscribed"}
    ]


def test_a_lead_whose_row_was_lost_goes_on_though_its_address_is_another_leads_by_now(
    journal: SqlJournal, database: Database
) -> None:
    hers = {"email": "ana@northwind.example"}
    journal.record(turn(1, "created", lead="ana-2", profile=hers), FENCE, NOW)
    assert journal.record(turn(5, "noted", before=9), FENCE, NOW) is None
    assert read_rows(database, "SELECT address, lead FROM lead_addresses") == [
        {"address": "ana@northwind.example", "lead": "ana-2"}
    ]
    assert journal.record(turn(6, "noted", before=10), NEWER, NOW) is None
