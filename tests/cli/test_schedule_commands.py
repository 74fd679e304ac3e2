"""`leadflow schedule` on the running stack."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Leadflow

REENGAGE = "reengage/acme"


def test_schedules_are_listed_triggered_paused_and_resumed(leadflow: Leadflow) -> None:
    assert leadflow("temporal", "setup").status == 0
    listed = {one["schedule"]: one for one in leadflow("schedule", "list", "--json").lines}
    assert {REENGAGE, "digest/acme", "reconcile", "nightly"} <= set(listed)
    shown = listed[REENGAGE]
    assert (shown["cron"], shown["timezone"]) == ("0 9 * * MON", "America/New_York")
    assert (shown["there"], shown["paused"], shown["running"]) == (True, False, False)
    assert shown["next"] > "2026"
    assert REENGAGE in leadflow("schedule", "list").out
    paused = leadflow("schedule", "pause", REENGAGE, "--note", "holidays", "--json")
    assert paused.json == {"ok": True, "schedule": REENGAGE, "paused": True}
    again = leadflow("schedule", "pause", REENGAGE)
    assert (again.status, "is paused already" in again.err) == (1, True)
    assert "paused: holidays (by " in leadflow("schedule", "show", REENGAGE).out
    triggered = leadflow("schedule", "trigger", REENGAGE, "--json").json
    assert triggered["workflow"].startswith("reengage/acme/run-2")
    assert (triggered["phase"], triggered["taken"], triggered["found"]) == ("ended", 0, 0)
    assert leadflow("schedule", "resume", REENGAGE).status == 0
    assert leadflow("schedule", "resume", REENGAGE).status == 1
    about, now, *runs = leadflow("schedule", "show", REENGAGE, "--json").lines
    assert about["last"] is not None
    assert now["now"]["takes"] == 0
    assert runs[0]["run"] == triggered["run"]
    assert "a run would take 0 leads now" in leadflow("schedule", "show", REENGAGE).out


def test_each_lead_is_shown_with_the_reason_why_it_is_not_taken(leadflow: Leadflow) -> None:
    email = "fresh@schedule.example"
    assert leadflow("enrol", "--email", email, "--program", "acme").status == 0
    lines = leadflow("schedule", "show", REENGAGE, "--leads", "--json").lines
    leads = {one["lead"]: one for one in lines if "lead" in one}
    assert leads
    assert {one["becomes"] for one in leads.values()} == {"not_taken"}
    assert "stage" in {one["why"] for one in leads.values()}


def test_a_schedule_that_is_not_there_is_wrong_input(leadflow: Leadflow) -> None:
    for command in ("show", "trigger", "pause", "resume"):
        ran = leadflow("schedule", command, "reengage/acne")
        assert (ran.status, "did you mean 'reengage/acme'?" in ran.err) == (2, True)


def test_without_temporal_the_status_is_three(
    leadflow: Leadflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    assert leadflow("schedule", "list").status == 3
