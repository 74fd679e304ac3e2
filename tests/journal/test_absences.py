"""Absences entered by hand, and what a new teams file does to the owners of leads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.reports.team import SqlTeamReport, away_until
from adapters.sql.absences import stands_in_file
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from models.directory import Directory, Member
from tests.journal.turns import FENCE, NOW, after, assign_command, handoff, read_rows, turn

RILEY, SAM, MORGAN = (f"{name}@acme.example" for name in ("riley", "sam", "morgan"))
TODAY, LATER = date(2026, 3, 2), date(2026, 3, 6)


def teams(**members: list[dict[str, Any]]) -> Directory:
    known = {name: {"manager": MORGAN, "members": of} for name, of in members.items()}
    return Directory.model_validate({"teams": known})


@pytest.fixture
def people(database: Database) -> SqlDirectory:
    return SqlDirectory(database)


def store_lead_of(journal: SqlJournal, lead: str, owner: str | None, **changes: Any) -> None:
    """A lead of team sdr with an owner, in stage sal unless said."""
    fields: dict[str, Any] = {
        "stage": "sal",
        "handoffs": 1,
        "handoff": handoff(**changes.pop("of", {})),
    }
    assigned = ("assigned", {"handoff": 1, "owner": owner, "attempt": 1, "due": None})
    told = [assigned] if owner is not None else []
    journal.record(turn(1, *told, lead=lead, owner=owner, **fields | changes), FENCE, NOW)


def departures(database: Database) -> list[tuple[str, str]]:
    """The intake items that report a person who left: the lead and the body of each."""
    with database.read() as connection:
        query = "SELECT lead, body FROM intake ORDER BY seq"
        found = connection.exec_driver_sql(query).all()
    return [(row[0], str(row[1])) for row in found]


def test_a_member_whose_absence_was_entered_by_hand_gets_no_lead(
    people: SqlDirectory, database: Database
) -> None:
    people.apply(teams(sdr=[{"email": RILEY}, {"email": SAM}]))
    elsewhere = SqlDirectory(database)
    assert elsewhere.assign("ana", assign_command("k1"), 1) == (RILEY, None)
    assert people.absences.add(" Sam@Acme.example", TODAY, LATER, by=MORGAN)
    assert elsewhere.assign("ben", assign_command("k2"), 1) == (RILEY, None)
    assert people.absences.add(RILEY, TODAY, TODAY, by=MORGAN)
    assert elsewhere.assign("cy", assign_command("k3"), 1) == (None, "absent")
    assert elsewhere.assign("dan", assign_command("k4", at=after(days=1)), 1) == (RILEY, None)
    assert people.absences.remove(SAM, TODAY, LATER)
    assert elsewhere.assign("eva", assign_command("k5"), 1) == (SAM, None)


def test_a_change_is_known_at_once_in_the_process_that_made_it(people: SqlDirectory) -> None:
    people.apply(teams(sdr=[{"email": RILEY}], ae=[{"email": RILEY}]))
    assert people.directory() == people.applied()
    people.absences.add(RILEY, TODAY, LATER, by=MORGAN)
    members = [team.members[0] for team in people.directory().teams.values()]
    assert [(one.away[0].from_, one.away[0].to) for one in members] == [(TODAY, LATER)] * 2
    people.absences.remove(RILEY, TODAY, LATER)
    assert people.directory() == people.applied()


def test_the_same_absence_is_stored_once_and_a_new_file_keeps_it(people: SqlDirectory) -> None:
    first = teams(sdr=[{"email": RILEY}])
    away = [{"from": "2026-03-02", "to": "2026-03-06"}]
    people.apply(first)
    with ThreadPoolExecutor(8) as threads:
        new = list(
            threads.map(lambda _: people.absences.add(RILEY, TODAY, LATER, by=MORGAN), range(8))
        )
    assert sorted(new) == [False] * 7 + [True]
    people.apply(teams(sdr=[{"email": RILEY, "away": away}]))
    people.apply(teams(sdr=[]))
    people.apply(first)
    assert people.applied() == first
    (kept,) = people.absences.all()
    assert (kept.member, kept.from_, kept.to, kept.by) == (RILEY, TODAY, LATER, MORGAN)
    assert people.directory().teams["sdr"].members[0].away[0].to == LATER


def test_absences_of_the_file_are_listed_apart_from_those_entered_by_hand(
    people: SqlDirectory,
) -> None:
    away = [{"from": "2026-03-02", "to": "2026-03-06"}]
    people.apply(teams(sdr=[{"email": RILEY, "away": away}, {"email": SAM}]))
    people.absences.add(SAM, TODAY, LATER, by=MORGAN)
    assert stands_in_file(people.applied(), RILEY.upper(), TODAY, LATER)
    assert not stands_in_file(people.applied(), RILEY, TODAY, TODAY)
    assert not stands_in_file(people.applied(), SAM, TODAY, LATER)
    assert not people.absences.remove(RILEY, TODAY, LATER)
    with pytest.raises(ValueError, match="ends before it begins"):
        people.absences.add(SAM, LATER, TODAY, by=MORGAN)


def test_leads_of_a_member_who_leaves_get_an_event_with_the_change(
    people: SqlDirectory, database: Database, journal: SqlJournal
) -> None:
    people.apply(teams(sdr=[{"email": RILEY}, {"email": SAM}], ae=[{"email": SAM}]))
    for stage in ("mql", "sal", "sql", "opportunity", "customer", "recycled"):
        store_lead_of(journal, stage, RILEY, stage=stage)
    store_lead_of(journal, "sams", SAM)
    store_lead_of(journal, "sams-other", SAM, of={"team": "ae"})
    store_lead_of(journal, "nobodys", None)
    moved = teams(sdr=[{"email": MORGAN}], ae=[{"email": SAM}, {"email": RILEY}])
    expected = {RILEY: ["mql", "opportunity", "sal", "sql"], SAM: ["sams"]}
    assert people.leads_left(moved) == expected
    assert departures(database) == []
    assert people.apply(moved) == expected
    items = departures(database)
    # Workers may know the old directory, and with it another manager, for two seconds.
    assert SqlIntake(database, gather=timedelta(0)).take(10, timedelta(minutes=1)) == []
    assert {lead for lead, _ in items} == {"mql", "opportunity", "sal", "sql", "sams"}
    assert all("owner.left" in body for _, body in items)
    assert all((SAM if lead == "sams" else RILEY) in body for lead, body in items)
    assert people.apply(moved) == {}
    assert departures(database) == items


def test_a_lead_assigned_a_moment_ago_gets_the_event_too(
    people: SqlDirectory, database: Database, journal: SqlJournal
) -> None:
    people.apply(teams(sdr=[{"email": RILEY}, {"email": SAM}]))
    store_lead_of(journal, "ana", None, stage="mql", of={"asking": "k1"})
    assert people.assign("ana", assign_command("k1"), 1) == (RILEY, None)
    store_lead_of(journal, "ben", None, stage="mql", of={"asking": "k2"})
    assert people.assign("ben", assign_command("k2"), 1) == (SAM, None)
    journal.record(turn(2, lead="ben", stage="recycled", handoffs=1), FENCE, NOW)
    assert people.apply(teams(sdr=[])) == {RILEY: ["ana"]}
    assert len(departures(database)) == 1


def test_a_manager_who_goes_leaves_their_leads_and_one_who_joins_the_team_keeps_them(
    people: SqlDirectory, journal: SqlJournal
) -> None:
    people.apply(teams(sdr=[{"email": RILEY}]))
    store_lead_of(journal, "ana", MORGAN)
    joined = {"manager": SAM, "members": [{"email": MORGAN}]}
    assert people.apply(Directory.model_validate({"teams": {"sdr": joined}})) == {}
    gone = {"manager": SAM, "members": []}
    assert people.apply(Directory.model_validate({"teams": {"sdr": gone}})) == {MORGAN: ["ana"]}


def test_a_team_is_reported_with_its_loads_counts_and_who_left(
    people: SqlDirectory, database: Database, journal: SqlJournal
) -> None:
    people.apply(teams(sdr=[{"email": RILEY, "weight": 2}, {"email": SAM}], ae=[]))
    for number in range(3):
        people.assign(f"lead-{number}", assign_command(f"k{number}"), 1)
        store_lead_of(journal, f"lead-{number}", [RILEY, SAM, RILEY][number])
    store_lead_of(journal, "won", RILEY, stage="customer")
    store_lead_of(journal, "deal", SAM, stage="opportunity")
    store_lead_of(journal, "left", "tess@acme.example")
    store_lead_of(journal, "managers", MORGAN)
    people.absences.add(SAM, TODAY, LATER, by=MORGAN)
    report = SqlTeamReport(database)
    sdr, ae = report.teams(people.directory(), NOW, ZoneInfo("UTC"))
    assert [
        (one.email, one.leads, one.assigned, one.share, one.away_until) for one in sdr.members
    ] == [
        (RILEY, 2, 2, 1.0, None),
        (SAM, 1, 1, 1.0, LATER),
    ]
    assert (sdr.manager, sdr.left) == (MORGAN, {"tess@acme.example": 1})
    assert (ae.members, ae.left) == ((), {})
    assert len(read_rows(database, "SELECT * FROM shares")) == 2


def test_today_is_by_the_members_time_zone() -> None:
    away = [{"from": "2026-03-02", "to": "2026-03-02"}]
    near_midnight = datetime(2026, 3, 2, 3, tzinfo=UTC)
    tokyo = Member.model_validate({"email": SAM, "away": away, "timezone": "Asia/Tokyo"})
    unsaid = tokyo.model_copy(update={"timezone": None})
    nonsense = tokyo.model_copy(update={"timezone": "Mars/Base"})
    york = ZoneInfo("America/New_York")
    assert away_until(tokyo, near_midnight, york) == date(2026, 3, 2)
    assert away_until(unsaid, near_midnight, york) is None
    assert away_until(nonsense, near_midnight, york) is None
