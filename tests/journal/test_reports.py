from __future__ import annotations

from typing import Any

import pytest

from adapters.reports.leads import Acceptance, Mail, MailDisagreement, SentMailEntry, SqlReports
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from models.decision import Wake
from tests.journal.turns import FENCE, NOW, after, handoff, turn

RILEY = "riley@acme.example"


@pytest.fixture
def reports(database: Database) -> SqlReports:
    return SqlReports(database)


def moved(was: str, to: str) -> tuple[str, dict[str, str]]:
    return "stage", {"from": was, "to": to, "why": "mql"}


CREATED = ("created", {"program": "acme", "stage": "known", "motion": "sales"})


def test_an_empty_database_reports_nothing(reports: SqlReports) -> None:
    assert reports.leads() == []
    assert reports.dossier("ana") is None
    assert (reports.stages(), reports.funnel(), reports.median_seconds()) == ({}, {}, {})
    assert reports.mail() == Mail(sent=0, deferred=0, skipped=0, failed=0)
    assert reports.acceptance() == Acceptance(ended=0, in_time=0)
    assert reports.acceptance().share is None


def test_leads_are_found_by_stage_owner_and_what_is_due(
    journal: SqlJournal, reports: SqlReports
) -> None:
    for lead, stage, owner, hours in (
        ("ana", "mql", RILEY, 5),
        ("ben", "mql", None, 1),
        ("cy", "sal", RILEY, 3),
    ):
        wake = Wake(at=after(hours=hours), what="accept due")
        journal.record(turn(1, lead=lead, stage=stage, owner=owner, wake=wake), FENCE, NOW)
    journal.record(turn(1, lead="dan"), FENCE, NOW)
    found = {
        "all": reports.leads(),
        "stage": reports.leads(stage="mql"),
        "owner": reports.leads(owner="Riley@acme.example"),
        "due": reports.leads(due_before=after(hours=3)),
        "both": reports.leads(stage="mql", owner=RILEY),
        "first": reports.leads(limit=1),
    }
    assert {name: [line.id for line in lines] for name, lines in found.items()} == {
        "all": ["ben", "cy", "ana", "dan"],
        "stage": ["ben", "ana"],
        "owner": ["cy", "ana"],
        "due": ["ben"],
        "both": ["ana"],
        "first": ["ben"],
    }
    assert found["first"][0].due_at == after(hours=1)
    assert reports.stages() == {"known": 1, "mql": 2, "sal": 1}
    assert reports.stage_of() == {"ana": "mql", "ben": "mql", "cy": "sal", "dan": "known"}


def test_a_dossier_holds_the_state_and_the_whole_timeline(
    journal: SqlJournal, reports: SqlReports
) -> None:
    decision = turn(1, CREATED, ("event", {"event": "e", "type": "page.viewed", "points": 2.5}))
    journal.record(decision, FENCE, NOW)
    found = reports.dossier("ana")
    assert found is not None
    assert found.state == decision.state
    assert found.timeline == decision.entries
    assert (found.line.stage, found.line.email) == ("known", "ana@northwind.example")


def test_the_funnel_counts_every_lead_that_ever_was_in_a_stage(
    journal: SqlJournal, reports: SqlReports
) -> None:
    journal.record(
        turn(1, CREATED, moved("known", "mql"), moved("mql", "recycled"), moved("recycled", "mql")),
        FENCE,
        NOW,
    )
    journal.record(turn(1, CREATED, lead="ben"), FENCE, NOW)
    assert reports.funnel() == {"known": 2, "mql": 1, "recycled": 1}


def test_the_median_time_is_of_the_stays_that_have_ended(
    journal: SqlJournal, reports: SqlReports
) -> None:
    for lead, hours in (("ana", 1), ("ben", 2), ("cy", 10), ("dan", 4)):
        journal.record(turn(1, CREATED, lead=lead), FENCE, NOW)
        told = moved("known", "mql")
        journal.record(turn(2, told, lead=lead, before=1, at=after(hours=hours)), FENCE, NOW)
    told = moved("mql", "sal")
    journal.record(turn(3, told, lead="ana", before=2, at=after(hours=1.5)), FENCE, NOW)
    assert reports.median_seconds() == {"known": 3 * 3_600, "mql": 1_800}


def test_mail_is_counted_by_what_became_of_it(journal: SqlJournal, reports: SqlReports) -> None:
    def mail(kind: str, **fields: str) -> tuple[str, dict[str, str]]:
        return kind, {"email": "welcome", "step": "welcome", **fields}

    journal.record(
        turn(
            1,
            mail("email_deferred", why="window"),
            mail("email_sent", message="m1@x"),
            mail("email_skipped", why="holdout"),
            mail("email_skipped", why="bounced"),
            mail("email_skipped", why="bounced"),
            mail("email_failed", why="550"),
        ),
        FENCE,
        NOW,
    )
    assert reports.mail() == Mail(sent=1, deferred=1, skipped=3, failed=1)
    assert reports.skipped() == {"holdout": 1, "bounced": 2}
    assert reports.sent_mail() == [
        SentMailEntry(lead="ana", email="welcome", message="m1@x", at=NOW)
    ]


def test_acceptance_counts_handoffs_whose_clock_has_ended(
    journal: SqlJournal, reports: SqlReports
) -> None:
    opened = ("handoff_opened", {"handoff": 1, "team": "sdr"})
    breach = ("breached", {"clock": "accept", "owner": RILEY})
    accepted = ("accepted", {"handoff": 1, "by": RILEY, "open_seconds": 60, "late": False})
    first_touch = ("breached", {"clock": "first_touch", "owner": RILEY})
    timelines: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "in-time": [opened, accepted, first_touch],
        "late": [opened, breach, accepted],
        "never": [opened, breach],
        "waiting": [opened],
    }
    for lead, told in timelines.items():
        journal.record(turn(1, *told, lead=lead, handoffs=1, handoff=handoff()), FENCE, NOW)
    assert reports.acceptance() == Acceptance(ended=3, in_time=1)
    assert reports.acceptance().share == pytest.approx(1 / 3)
    assert reports.breaches() == {"accept": 2, "first_touch": 1}


def test_timelines_and_outbox_are_compared_by_message(
    database: Database, journal: SqlJournal, reports: SqlReports
) -> None:
    mail_ledger = SqlMailLedger(database)
    told = [("email_sent", {"email": "welcome", "message": name}) for name in ("both", "told")]
    journal.record(turn(1, *told), FENCE, NOW)
    for name in ("both", "sent", "skipped", "alert ana/alert/1"):
        mail_ledger.claim("ana", name, name, NOW)
        mail_ledger.settle(name, "skipped" if name == "skipped" else "sent")
    found = reports.mail_disagreement()
    assert found == MailDisagreement(told_only=("told",), sent_only=("sent",))
