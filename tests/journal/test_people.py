from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.sql.database import Database, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from models.decision import CountAssignment
from models.directory import Directory
from tests.journal.turns import FENCE, NOW, assign_command, handoff, turn

RILEY, SAM, TESS = (f"{name}@acme.example" for name in ("riley", "sam", "tess"))


def team(*members: dict[str, Any], name: str = "sdr") -> Directory:
    return Directory.model_validate({"teams": {name: {"members": list(members)}}})


@pytest.fixture
def people(database: Database) -> SqlDirectory:
    return SqlDirectory(database)


def test_without_a_directory_no_lead_is_assigned(people: SqlDirectory) -> None:
    assert people.directory() == Directory()
    assert people.assign("ana", assign_command("k1"), 1) == (None, "empty")


def test_the_directory_applied_last_is_valid(people: SqlDirectory, database: Database) -> None:
    away = [{"from": date(2026, 3, 9), "to": date(2026, 3, 13)}]
    first = team({"email": RILEY, "capacity": 3, "away": away})
    second = team({"email": SAM, "weight": 2})
    for one in (first, second, second):
        people.apply(one)
        assert people.directory() == one
    assert SqlDirectory(database).directory() == second
    people.apply(first)
    assert people.directory() == first


def test_another_process_assigns_by_the_directory_just_applied(
    people: SqlDirectory, database: Database
) -> None:
    elsewhere = SqlDirectory(database)
    people.apply(team({"email": RILEY}))
    assert elsewhere.assign("ana", assign_command("k1"), 1) == (RILEY, None)
    people.apply(team({"email": SAM}))
    assert elsewhere.assign("ben", assign_command("k2"), 1) == (SAM, None)


def test_the_same_command_gets_the_same_answer_and_is_counted_once(people: SqlDirectory) -> None:
    people.apply(team({"email": RILEY}, {"email": SAM}))
    assert [people.assign("ana", assign_command("k1"), 1) for _ in range(3)] == [(RILEY, None)] * 3
    assert people.assign("ben", assign_command("k2"), 1) == (SAM, None)
    people.apply(team())
    assert people.assign("cy", assign_command("k3"), 1) == (None, "empty")
    people.apply(team({"email": RILEY}))
    assert people.assign("cy", assign_command("k3"), 1) == (None, "empty")


def test_an_assignment_made_by_hand_counts_once(people: SqlDirectory) -> None:
    people.apply(team({"email": RILEY}, {"email": SAM}))
    made = CountAssignment(key="c1", at=NOW, handoff=1, team="sdr", owner=RILEY, timezone="UTC")
    for _ in range(2):
        people.count("ana", made, 1)
    owners = [people.assign(f"lead-{n}", assign_command(f"k{n}"), 1)[0] for n in range(3)]
    assert owners == [SAM, RILEY, SAM]


def test_a_new_member_starts_at_the_lowest_share_and_gets_no_backlog(people: SqlDirectory) -> None:
    people.apply(team({"email": RILEY}, {"email": SAM}))
    for n in range(7):
        people.assign(f"lead-{n}", assign_command(f"k{n}"), 1)
    people.apply(team({"email": RILEY}, {"email": SAM}, {"email": TESS, "weight": 3}))
    owners = Counter(
        people.assign(f"lead-{n}", assign_command(f"k{n}"), 1)[0] for n in range(7, 17)
    )
    assert owners == {RILEY: 2, SAM: 2, TESS: 6}


def stored_shares(database: Database) -> dict[str, str]:
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT member, share FROM shares"))
        return {row[0]: row[1] for row in rows}


def test_shares_are_stored_exactly_and_another_weight_changes_none(
    people: SqlDirectory, database: Database
) -> None:
    people.apply(team({"email": RILEY, "weight": 3}, {"email": SAM, "weight": 7}))
    owners = [people.assign(f"lead-{n}", assign_command(f"k{n}"), 1)[0] for n in range(4)]
    assert owners == [RILEY, SAM, SAM, SAM]
    assert stored_shares(database) == {RILEY: "1/3", SAM: "3/7"}
    people.apply(team({"email": RILEY}, {"email": SAM, "weight": 7}))
    assert people.assign("lead-4", assign_command("k4"), 1) == (RILEY, None)
    assert stored_shares(database) == {RILEY: "4/3", SAM: "3/7"}


def test_a_turn_that_runs_again_changes_no_share(people: SqlDirectory, database: Database) -> None:
    people.apply(team({"email": RILEY}, {"email": SAM, "capacity": 0}))
    made = CountAssignment(
        key="c1", at=NOW, handoff=1, team="sdr", owner=RILEY, tried=(SAM,), timezone="UTC"
    )
    for _ in range(3):
        people.assign("ana", assign_command("k1"), 1)
        people.assign("ben", assign_command("k2"), 1)
        people.count("cy", made, 1)
        assert stored_shares(database) == {RILEY: "3", SAM: "1"}


def test_who_is_away_is_not_owed_what_a_manager_gave_to_others_by_hand(
    people: SqlDirectory, database: Database
) -> None:
    away = [{"from": NOW.date(), "to": NOW.date()}]
    people.apply(team({"email": RILEY}, {"email": SAM, "away": away}))
    for n in range(5):
        made = CountAssignment(
            key=f"c{n}", at=NOW, handoff=1, team="sdr", owner=RILEY, timezone="UTC"
        )
        people.count(f"lead-{n}", made, 1)
    assert stored_shares(database) == {RILEY: "5", SAM: "4"}
    people.apply(team({"email": RILEY}, {"email": SAM}))
    owners = [people.assign(f"lead-{n}", assign_command(f"k{n}"), 1)[0] for n in range(5, 8)]
    assert owners == [SAM, RILEY, SAM]


def test_a_lead_that_is_assigned_anew_takes_up_no_capacity_meanwhile(
    people: SqlDirectory, database: Database
) -> None:
    people.apply(team({"email": RILEY, "capacity": 1}))
    SqlJournal(database).record(turn(1, "stage", stage="sal", owner=RILEY), FENCE, NOW)
    assert people.assign("ben", assign_command("k1"), 1) == (None, "capacity")
    assert people.assign("ana", assign_command("k2"), 1) == (RILEY, None)


def test_a_lead_whose_turn_is_not_stored_yet_takes_up_capacity(
    people: SqlDirectory, database: Database
) -> None:
    people.apply(team({"email": RILEY, "capacity": 1}))
    journal = SqlJournal(database)
    journal.record(
        turn(1, "stage", stage="mql", handoffs=1, handoff=handoff(asking="k1")), FENCE, NOW
    )
    assert people.assign("ana", assign_command("k1"), 2) == (RILEY, None)
    assert people.assign("ben", assign_command("k2"), 1) == (None, "capacity")
    journal.record(
        turn(2, "noted", before=1, stage="mql", handoffs=1, handoff=handoff(asking="k1")),
        FENCE,
        NOW,
    )
    assert people.assign("ben", assign_command("k3"), 1) == (None, "capacity")
    journal.record(
        turn(3, before=2, stage="mql", owner=RILEY, handoffs=1, handoff=handoff()), FENCE, NOW
    )
    assert people.assign("ben", assign_command("k4"), 1) == (None, "capacity")


@pytest.mark.parametrize(
    ("stage", "answer"), [("sql", (None, "capacity")), ("lost", (RILEY, None))]
)
def test_only_leads_in_mql_sal_and_sql_take_up_capacity(
    people: SqlDirectory, database: Database, stage: str, answer: tuple[str | None, str | None]
) -> None:
    people.apply(team({"email": RILEY, "capacity": 1}))
    SqlJournal(database).record(turn(1, "stage", stage=stage, owner=RILEY), FENCE, NOW)
    assert people.assign("ben", assign_command("k1"), 1) == answer


def test_an_assignment_that_the_lead_did_not_take_frees_its_place(
    people: SqlDirectory, database: Database
) -> None:
    people.apply(team({"email": RILEY, "capacity": 1}))
    journal = SqlJournal(database)
    asked = handoff(asking="k1")
    journal.record(turn(1, "stage", stage="mql", handoffs=1, handoff=asked), FENCE, NOW)
    assert people.assign("ana", assign_command("k1"), 2) == (RILEY, None)
    journal.record(turn(2, "recycled", before=1, stage="recycled", handoffs=1), FENCE, NOW)
    assert people.assign("ben", assign_command("k2"), 1) == (RILEY, None)


def test_two_hundred_leads_at_once_are_shared_fairly_and_never_above_capacity(
    people: SqlDirectory,
) -> None:
    people.apply(
        team(
            {"email": RILEY, "weight": 1},
            {"email": SAM, "weight": 2},
            {"email": TESS, "capacity": 5},
            {"email": "jonas@acme.example", "weight": 3},
        )
    )
    with ThreadPoolExecutor(16) as threads:
        answers = list(
            threads.map(
                lambda n: people.assign(f"lead-{n}", assign_command(f"k{n % 200}"), 1), range(400)
            )
        )
    assert answers[:200] == answers[200:]
    owners = Counter(owner for owner, _ in answers[:200])
    assert owners.total() == 200
    assert owners[TESS] == 5
    rest = 195
    shares = {RILEY: 1, SAM: 2, "jonas@acme.example": 3}
    for owner, weight in shares.items():
        assert abs(owners[owner] - rest * weight / 6) <= 1


def test_two_processes_never_exceed_capacity_together(url: str) -> None:
    databases = [open_database(url) for _ in range(2)]
    offices = [SqlDirectory(one) for one in databases]
    offices[0].apply(team({"email": RILEY, "capacity": 20}, {"email": SAM, "capacity": 30}))
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda n: offices[n % 2].assign(f"lead-{n}", assign_command(f"k{n}"), 1), range(80)
            )
        )
    assert Counter(answers) == {(RILEY, None): 20, (SAM, None): 30, (None, "capacity"): 30}
    for one in databases:
        one.close()
