"""Intake items on both databases: a flood for one lead delays no other lead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from models.tables.columns import table_of
from models.tables.intake import IntakeItem

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
LEASE = timedelta(minutes=2)
_I = table_of(IntakeItem)


@pytest.fixture
def intake(database: Database) -> SqlIntake:
    return SqlIntake(database, gather=timedelta(0))


def events(lead: str, numbers: range) -> list[NewItem]:
    return [
        NewItem(
            lead=lead,
            item=f"e{number}",
            kind="event",
            body={"id": f"e{number}", "type": "page.viewed"},
            arrived=NOW,
        )
        for number in numbers
    ]


def test_a_batch_of_a_thousand_is_accepted_once(intake: SqlIntake) -> None:
    batch = events("ana", range(1_000))
    assert intake.accept(batch) == [True] * 1_000
    assert intake.accept(batch) == [False] * 1_000


def test_the_first_items_of_a_flood_are_taken_and_all_items_of_other_leads(
    intake: SqlIntake,
) -> None:
    intake.accept(events("flooded", range(2_500)))
    intake.accept(events("bea", range(3)))
    taken = intake.take(10, LEASE)
    assert [one.item for one in taken if one.lead == "bea"] == ["e0", "e1", "e2"]
    flood = [one.item for one in taken if one.lead == "flooded"]
    assert flood == [f"e{number}" for number in range(1_000)]
    intake.done([one.seq for one in taken])
    again = intake.take(10, LEASE)
    assert [one.item for one in again] == [f"e{number}" for number in range(1_000, 2_000)]


def test_a_flood_that_waits_for_its_first_item_delays_no_other_lead(intake: SqlIntake) -> None:
    intake.accept(events("flooded", range(1)))
    [first] = intake.take(10, LEASE)
    intake.again([first.seq], "Temporal said no", timedelta(minutes=1))
    intake.accept(events("flooded", range(1, 600)))
    intake.accept(events("bea", range(1)))
    assert [one.lead for one in intake.take(1, LEASE)] == ["bea"]
    assert intake.take(10, LEASE) == []


def test_of_many_who_take_at_once_each_gets_what_no_other_has(intake: SqlIntake) -> None:
    for lead in range(40):
        intake.accept(events(f"lead-{lead}", range(5)))

    def take(_: int) -> list[int]:
        return [one.seq for one in intake.take(10, LEASE)]

    with ThreadPoolExecutor(4) as threads:
        seqs = [seq for taken in threads.map(take, range(16)) for seq in taken]
    assert len(seqs) == len(set(seqs))
    rest = [one.seq for one in intake.take(100, LEASE)]
    assert sorted(seqs + rest) == sorted(set(seqs + rest))
    assert len(seqs + rest) == 200


def test_the_count_and_age_of_waiting_items_are_right_also_after_tries(intake: SqlIntake) -> None:
    intake.accept(events("ana", range(2)))
    taken = intake.take(10, LEASE)
    intake.again([one.seq for one in taken], "nobody answers", timedelta(hours=1))
    waiting = intake.waiting()
    assert (waiting.count, waiting.oldest) == (2, NOW)


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(hours=2), timedelta(days=365)])
def test_an_item_that_a_fast_clock_delayed_is_taken_now(
    intake: SqlIntake, database: Database, ahead: timedelta
) -> None:
    intake.accept(events("ana", range(2)))
    table = table_of(IntakeItem)
    with database.write() as connection:
        connection.execute(sa.update(table).values(ready=datetime.now(UTC) + ahead))
    intake.accept(events("ana", range(2, 3)))
    assert [one.item for one in intake.take(10, LEASE)] == ["e0", "e1", "e2"]
    assert intake.take(10, LEASE) == []


def test_a_renewed_lease_holds_what_is_in_hand_and_leaves_what_was_put_off(
    intake: SqlIntake,
) -> None:
    intake.accept([*events("ana", range(1)), *events("bea", range(1)), *events("cy", range(1))])
    taken = {one.lead: one.seq for one in intake.take(10, timedelta(0))}
    intake.again([taken["bea"]], "Temporal said no", timedelta(minutes=1))
    intake.done([taken["cy"]])
    assert [one.lead for one in intake.take(10, timedelta(0))] == ["ana"]  # its lease has ended
    intake.renew(list(taken.values()), LEASE / 4)
    assert intake.take(10, LEASE) == []
    with intake.database.read() as connection:
        rows = connection.execute(sa.select(_I.c.lead, _I.c.ready)).all()
    ready = {row.lead: row.ready for row in rows}
    assert ready["bea"] > ready["ana"]
