from __future__ import annotations

from typing import Any

import pytest

from adapters.reports.audit import SentMailEntry, SqlAudit
from adapters.reports.funnel import Mail, SqlFunnel
from adapters.reports.leads import SqlReports
from adapters.reports.sla import Acceptance, SqlSla
from adapters.sql.database import Database
from adapters.sql.journal import SqlJournal
from models.decision import Wake
from tests.journal.turns import FENCE, NOW, after, handoff, turn

RILEY = "riley@acme.example"


@pytest.fixture
def reports(database: Database) -> SqlReports:
    return SqlReports(database)


@pytest.fixture
def funnel(database: Database) -> SqlFunnel:
    return SqlFunnel(database)


@pytest.fixture
def sla(database: Database) -> SqlSla:
    return SqlSla(database)


def stage_entry(was: str, to: str) -> tuple[str, dict[str, str]]:
    return "stage", {"from": was, "to": to, "why": "mql"}


CREATED = ("created", {"program": "acme", "stage": "known", "motion": "sales"})


def test_an_empty_database_reports_nothing(
    reports: SqlReports, funnel: SqlFunnel, sla: SqlSla
) -> None:
    assert reports.leads() == []
    assert reports.dossier("ana") is None
    assert (funnel.stages(), funnel.funnel(), funnel.median_seconds()) == ({}, {}, {})
    assert funnel.mail() == Mail(sent=0, deferred=0, skipped=0, failed=0)
    assert sla.acceptance() == Acceptance(ended=0, in_time=0)
    assert sla.acceptance().share is None


def test_leads_are_found_by_stage_owner_and_what_is_due(
    database: Database, journal: SqlJournal, reports: SqlReports, funnel: SqlFunnel
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
    assert funnel.stages() == {"known": 1, "mql": 2, "sal": 1}
    assert SqlAudit(database).stage_of() == {
        "ana": "mql",
        "ben": "mql",
        "cy": "sal",
        "dan": "known",
    }


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
    journal: SqlJournal, funnel: SqlFunnel
) -> None:
    journal.record(
        turn(
            1,
            CREATED,
            stage_entry("known", "mql"),
            stage_entry("mql", "recycled"),
            stage_entry("recycled", "mql"),
        ),
        FENCE,
        NOW,
    )
    journal.record(turn(1, CREATED, lead="ben"), FENCE, NOW)
    assert funnel.funnel() == {"known": 2, "mql": 1, "recycled": 1}


def test_the_median_time_is_of_the_stays_that_have_ended(
    journal: SqlJournal, funnel: SqlFunnel
) -> None:
    for lead, hours in (("ana", 1), ("ben", 2), ("cy", 10), ("dan", 4)):
        journal.record(turn(1, CREATED, lead=lead), FENCE, NOW)
        entries = stage_entry("known", "mql")
        journal.record(turn(2, entries, lead=lead, before=1, at=after(hours=hours)), FENCE, NOW)
    entries = stage_entry("mql", "sal")
    journal.record(turn(3, entries, lead="ana", before=2, at=after(hours=1.5)), FENCE, NOW)
    assert funnel.median_seconds() == {"known": 3 * 3_600, "mql": 1_800}


def test_mail_is_counted_by_its_result(
    database: Database, journal: SqlJournal, funnel: SqlFunnel
) -> None:
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
    assert funnel.mail() == Mail(sent=1, deferred=1, skipped=3, failed=1)
    assert funnel.skipped() == {"holdout": 1, "bounced": 2}
    assert SqlAudit(database).sent_mail() == [
        SentMailEntry(lead="ana", email="welcome", message="m1@x", at=NOW)
    ]


def test_acceptance_counts_handoffs_whose_clock_has_ended(journal: SqlJournal, sla: SqlSla) -> None:
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
    for lead, entries in timelines.items():
        journal.record(turn(1, *entries, lead=lead, handoffs=1, handoff=handoff()), FENCE, NOW)
    assert sla.acceptance() == Acceptance(ended=3, in_time=1)
    assert sla.acceptance().share == pytest.approx(1 / 3)
    assert sla.breaches() == {"accept": 2, "first_touch": 1}
