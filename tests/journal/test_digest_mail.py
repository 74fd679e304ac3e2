"""The digest of a manager, from the rows that turns store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.mail.digest import SqlDigests, handed_to
from adapters.reports.digest import SqlDigestFacts
from adapters.reports.sla import Acceptance
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.program.program import Program
from models.state import ClockState
from tests.journal.turns import FENCE, after, handoff, turn

PROGRAMS = Path(__file__).parents[2] / "programs"
ACME = read_program(PROGRAMS / "acme.yaml")
PEOPLE = read_directory(PROGRAMS / "teams.yaml")
RILEY, MARA, MORGAN = (f"{name}@acme.example" for name in ("riley", "mara", "morgan"))
THURSDAY = datetime(2026, 3, 5, 13, 30, tzinfo=UTC)
"""08:30 in New York."""
LAST_WEEK = datetime(2026, 2, 27, 15, tzinfo=UTC)
BREACHED = ("breached", {"clock": "accept", "owner": RILEY, "due": "2026-03-03T18:00:00Z"})
OPENED = ("handoff_opened", {"handoff": 1, "team": "sdr"})


@pytest.fixture
def digests(database: Database) -> SqlDigests:
    return SqlDigests(database)


def clock_state(name: str, due: datetime, *, breached: bool = False) -> ClockState:
    return ClockState(
        name=name, start=due, total=1, counted=0, since=due, due=due, breached=breached
    )


def store_lead_with_sales(
    journal: SqlJournal, lead: str, *clocks: ClockState, team: str = "sdr", **changes: Any
) -> None:
    """A lead that is with sales, in stage mql unless said."""
    of = handoff(team=team, clocks=clocks, **changes.pop("of", {}))
    fields: dict[str, Any] = {"stage": "mql", "owner": RILEY, "handoffs": 1, "handoff": of}
    opened = ("handoff_opened", {"handoff": 1, "team": team})
    journal.record(turn(1, opened, lead=lead, **fields | changes), FENCE, THURSDAY)


def store_handoff_entries(
    journal: SqlJournal, lead: str, *entries: tuple[datetime, tuple[str, dict[str, Any]]]
) -> None:
    """A handoff with these entries, each at its instant."""
    state: dict[str, Any] = {"stage": "sal", "owner": RILEY, "handoffs": 1, "handoff": handoff()}
    for number, (at, entry) in enumerate(entries, start=1):
        decision = turn(number, entry, before=number - 1, lead=lead, at=at, **state)
        journal.record(decision, FENCE, THURSDAY)


def accepted_entry(*, late: bool = False) -> tuple[str, dict[str, Any]]:
    return "accepted", {"handoff": 1, "by": RILEY, "open_seconds": 60, "late": late}


def digest_text(digests: SqlDigests, manager: str = MORGAN, program: Program = ACME) -> str:
    mail = digests.mail(program, PEOPLE, manager, THURSDAY, "key")
    assert mail is not None
    return mail.text


def test_a_digest_lists_what_is_late_what_is_due_today_and_the_rest(
    journal: SqlJournal, digests: SqlDigests
) -> None:
    ana = {
        "first_name": "Ana",
        "last_name": "Smith",
        "company": "Northwind",
        "email": "a@n.example",
    }
    today, next_week = after(days=3, hours=9), after(days=7, hours=4)
    breach = clock_state("accept", after(days=1, hours=4), breached=True)
    store_lead_with_sales(journal, "ana", breach, clock_state("qualify", next_week), profile=ana)
    store_lead_with_sales(journal, "ben", clock_state("accept", today), owner=None)
    store_lead_with_sales(
        journal, "cy", clock_state("first_touch", after(days=4, hours=14)), stage="sal"
    )
    store_lead_with_sales(
        journal, "dan", clock_state("qualify", next_week), team="ae", stage="sql", owner=MORGAN
    )
    store_lead_with_sales(journal, "eva", stage="sql")
    mail = digests.mail(ACME, PEOPLE, MORGAN, THURSDAY, "digest/acme/x/y")
    assert mail is not None
    assert mail.subject == "acme: 1 breached, 1 due today, 5 open"
    assert (
        mail.text
        == """\
Thu 5 March, 08:30 (America/New_York), teams ae, sdr

No handoff was accepted or breached since Monday; the target is 90%.

Breached (1)
- Ana Smith (Northwind), Riley: to accept by Tue 3 March, 13:00

Due today (1)
- ben@northwind.example, nobody yet: to accept by 18:00 today

Open besides (3)
- cy@northwind.example, Riley: to touch it by Fri 6 March, 23:00
- dan@northwind.example, morgan@acme.example: to qualify by Mon 9 March, 14:00
- eva@northwind.example, Riley: in sql, no clock runs
"""
    )
    assert "<br>\n- dan@northwind.example" in mail.html
    assert (mail.to, mail.sender) == (MORGAN, "Acme <hello@acme.example>")
    assert dict(mail.headers) == {
        "Auto-Submitted": "auto-generated",
        "X-Leadflow-Alert": "digest",
        "X-Leadflow-Key": "digest/acme/x/y",
    }
    other = digests.mail(ACME, PEOPLE, MARA, THURSDAY, "other")
    assert other is not None
    assert other.message_id != mail.message_id


def test_a_manager_with_nothing_open_gets_a_digest_that_says_so(digests: SqlDigests) -> None:
    mail = digests.mail(ACME, PEOPLE, MARA, THURSDAY, "key")
    assert mail is not None
    assert mail.subject == "acme: nothing is open"
    assert (
        mail.text
        == """\
Thu 5 March, 08:30 (America/New_York), team emea

No handoff was accepted or breached since Monday; the target is 90%.

No handoff is open.
"""
    )


def test_a_digest_goes_to_managers_of_teams_that_the_program_hands_leads_to(
    journal: SqlJournal, digests: SqlDigests
) -> None:
    assert handed_to(ACME) == {"sdr", "emea", "ae"}
    assert handed_to(ACME.model_copy(update={"handoff": None})) == frozenset()
    west = ACME.model_copy(update={"handoff": None})
    assert digests.mail(west, PEOPLE, MORGAN, THURSDAY, "key") is None
    store_lead_with_sales(
        journal, "old", clock_state("accept", after(days=3))
    )  # from an older version's routing
    assert "1 open" in getattr(digests.mail(west, PEOPLE, MORGAN, THURSDAY, "key"), "subject", "")


def test_a_digest_leaves_out_closed_handoffs_other_programs_and_other_managers(
    journal: SqlJournal, digests: SqlDigests
) -> None:
    due = clock_state("accept", after(days=3))
    store_lead_with_sales(journal, "won", stage="customer")
    store_lead_with_sales(journal, "deal", stage="opportunity", of={"over": True})
    store_lead_with_sales(journal, "back", stage="recycled", of={"over": True})
    store_lead_with_sales(journal, "other", due, program="another")
    store_lead_with_sales(journal, "maras", due, team="emea")
    assert "No handoff is open." in digest_text(digests)
    assert "maras@northwind.example" in digest_text(digests, MARA)


def test_a_long_list_ends_with_how_many_more(journal: SqlJournal, digests: SqlDigests) -> None:
    for number in range(30):
        store_lead_with_sales(
            journal, f"lead-{number:02}", clock_state("accept", after(days=3, hours=number / 10))
        )
    printed = digest_text(digests)
    assert "Due today (30)" in printed
    assert printed.count("\n- lead-") == 25
    assert printed.endswith("- and 5 more\n")


def test_text_from_outside_stays_on_its_line(journal: SqlJournal, digests: SqlDigests) -> None:
    profile = {
        "email": "x@x.example",
        "first_name": "Eve\n\nBreached (99)\n- <b>you</b>",
        "company": "x" * 500,
    }
    store_lead_with_sales(journal, "eve", profile=profile)
    mail = digests.mail(ACME, PEOPLE, MORGAN, THURSDAY, "key")
    assert mail is not None
    assert f"- Eve Breached (99) - <b>you</b> ({'x' * 59}…), Riley" in mail.text
    assert "<b>" not in mail.html


def test_acceptance_is_counted_by_when_its_clock_ended(
    journal: SqlJournal, database: Database
) -> None:
    monday, tuesday = datetime(2026, 3, 2, 5, tzinfo=UTC), after(days=1)
    before = datetime(2026, 3, 2, 4, 59, tzinfo=UTC)  # Sunday, 23:59
    store_handoff_entries(journal, "in-time", (LAST_WEEK, OPENED), (monday, accepted_entry()))
    store_handoff_entries(journal, "last-week", (LAST_WEEK, OPENED), (before, accepted_entry()))
    store_handoff_entries(journal, "breached", (LAST_WEEK, OPENED), (tuesday, BREACHED))
    store_handoff_entries(
        journal,
        "late",
        *((LAST_WEEK, OPENED), (tuesday, BREACHED), (tuesday, accepted_entry(late=True))),
    )
    store_handoff_entries(
        journal, "twice", *((LAST_WEEK, OPENED), (tuesday, BREACHED), (after(days=2), BREACHED))
    )
    store_handoff_entries(
        journal,
        "breached-before",
        *(
            (LAST_WEEK, OPENED),
            (before, BREACHED),
            (tuesday, BREACHED),
            (tuesday, accepted_entry()),
        ),
    )
    store_handoff_entries(journal, "waiting", (LAST_WEEK, OPENED))
    touch = ("breached", {**BREACHED[1], "clock": "first_touch"})
    store_handoff_entries(
        journal, "slow", (LAST_WEEK, OPENED), (before, accepted_entry()), (tuesday, touch)
    )
    second = ("handoff_opened", {"handoff": 2, "team": "emea"})
    store_handoff_entries(
        journal,
        "handed-on",
        *((LAST_WEEK, OPENED), (before, BREACHED), (before, accepted_entry()), (monday, second)),
        (tuesday, BREACHED),
    )
    facts = SqlDigestFacts(database)
    sdr = facts.of(ACME, frozenset({"sdr"}), THURSDAY).accepted
    assert sdr == Acceptance(ended=4, in_time=1)
    emea = facts.of(ACME, frozenset({"emea"}), THURSDAY).accepted
    assert emea == Acceptance(ended=1, in_time=0)


@pytest.mark.parametrize(
    ("targets", "breaches", "expected"),
    [
        ({"accepted_within_sla": "90%"}, 0, "10 of 10, 100 %; the target of 90% is met."),
        ({"accepted_within_sla": "90%"}, 1, "10 of 11, 90 %; the target of 90% is met."),
        ({"accepted_within_sla": "91%"}, 1, "10 of 11, 90 %; below the target of 91%."),
        ({"accepted_within_sla": 90}, 1, "10 of 11, 90 %."),
        ({}, 2, "10 of 12, 83 %."),
    ],
)
def test_acceptance_is_compared_with_the_target(
    journal: SqlJournal,
    digests: SqlDigests,
    targets: dict[str, Any],
    breaches: int,
    expected: str,
) -> None:
    written = ACME.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    program = Program.model_validate({**written, "targets": targets})
    for number in range(10):
        store_handoff_entries(
            journal, f"good-{number}", (LAST_WEEK, OPENED), (after(hours=1), accepted_entry())
        )
    for number in range(breaches):
        store_handoff_entries(
            journal, f"bad-{number}", (LAST_WEEK, OPENED), (after(hours=1), BREACHED)
        )
    assert f"Accepted in time since Monday: {expected}" in digest_text(digests, program=program)


def test_a_digest_links_to_the_desk(database: Database) -> None:
    digests = SqlDigests(database, "https://go.acme.example")
    assert "https://go.acme.example/desk/team" in digest_text(digests)
    assert "http" not in digest_text(SqlDigests(database))
