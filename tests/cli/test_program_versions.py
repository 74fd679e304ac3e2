"""Versions of a program on the command line: published, listed, compared, and rolled back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ACME, SHIPPED, Leadflow
from tests.waiting import until

MAIL_IS_SETTLED = {"email_sent", "email_deferred", "email_skipped"}
"""Kinds of entries after which a lead's first mail is not on its way any more."""


SCENARIO = """program: ../fleet.yaml
start: 2026-03-02T09:00:00-05:00
run_for: 6d
leads:
  - {{id: pia, email: pia@x.example}}
expect:
  - {{lead: pia, kind: email_sent, email: demo-offer, at: {at}}}
"""
"""Pia reads nothing. On the version that waits seven days she gets one mail in six days."""


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The shipped program with another subject."""
    text = Path(ACME).read_text()
    assert 'subject: "Welcome' in text
    (tmp_path / "welcome.mjml").write_text((SHIPPED / "welcome.mjml").read_text())
    file = tmp_path / "acme.yaml"
    file.write_text(text.replace('subject: "Welcome', 'subject: "Hello', 1))
    return file


def test_two_files_are_compared_in_the_programs_words(command: Leadflow, changed: Path) -> None:
    same = command("program", "diff", ACME, ACME)
    assert (same.status, same.out) == (0, "")
    ran = command("program", "diff", ACME, str(changed), "--json")
    assert ran.status == 1
    assert json.loads(ran.out) == {
        "touches": "leads in tracks",
        "path": "emails.welcome.subject",
        "words": "e-mail welcome: subject changed",
    }


def test_publishing_with_leads_in_flight_asks_what_becomes_of_them(
    leadflow: Leadflow, changed: Path
) -> None:
    started = leadflow("enrol", "--id", "vera", "--email", "vera@x.example", "--program", ACME)
    assert started.status == 0, started.err
    before = [json.loads(one) for one in leadflow("program", "list", "--json").out.splitlines()]
    refused = leadflow("program", "publish", str(changed))
    assert refused.status == 1
    assert "--in-flight pin" in refused.err
    after = [json.loads(one) for one in leadflow("program", "list", "--json").out.splitlines()]
    assert [one["digest"] for one in after] == [one["digest"] for one in before]

    done = leadflow("program", "publish", str(changed), "--in-flight", "pin", "--note", "shorter")
    assert done.status == 0, done.err
    history = leadflow("program", "history", "acme", "--json").out.splitlines()
    newest, older = (json.loads(one) for one in history[:2])
    assert (newest["note"], newest["in_flight"], newest["leads_on_it"]) == ("shorter", "pin", 0)
    assert older["leads_on_it"] >= 1

    back = ("program", "publish", "--version", older["digest"][:12], "--in-flight", "pin")
    assert leadflow(*back, "--note", "back").status == 0
    compared = leadflow("program", "diff", "acme@newest", ACME)
    assert (compared.status, compared.out) == (0, "")


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The shipped program under a name of its own, so that no other test is paused with it."""
    (tmp_path / "welcome.mjml").write_text((SHIPPED / "welcome.mjml").read_text())
    file = tmp_path / "fleet.yaml"
    file.write_text(Path(ACME).read_text().replace("program: acme", "program: fleet", 1))
    return file


def test_leads_in_flight_change_their_version_and_pause_with_their_program(
    leadflow: Leadflow, fleet: Path
) -> None:
    for lead in ("mia", "max"):
        address = f"{lead}@x.example"
        ran = leadflow("enrol", "--id", lead, "--email", address, "--program", str(fleet))
        assert ran.status == 0, ran.err
    first = leadflow("program", "list", "--json").lines
    before = next(one["digest"] for one in first if one["name"] == "fleet")
    fleet.write_text(fleet.read_text().replace('subject: "Welcome', 'subject: "Good morning', 1))
    done = leadflow("program", "publish", str(fleet), "--in-flight", "migrate")
    assert done.status == 0, done.err
    rollout = last_rollout(leadflow)
    assert (rollout["do"], rollout["in_flight"], rollout["failed"]) == ("publish", "migrate", {})
    assert rollout["workflow"].startswith("publication/fleet/")
    assert leadflow("program", "status", "fleet", "--json").lines[0]["in_flight"] == {
        rollout["to"]: 2
    }
    back = leadflow("program", "publish", "fleet", "--version", before, "--in-flight", "restart")
    assert back.status == 0, back.err
    assert last_rollout(leadflow)["to"] == before
    assert kinds(leadflow, "mia").count("program_changed") == 2

    assert leadflow("program", "pause", "fleet").status == 0
    again = leadflow("program", "pause", "fleet")
    assert (again.status, "paused already" in again.err) == (1, True)
    last_rollout(leadflow)
    assert kinds(leadflow, "max")[-1] == "paused"
    assert "paused" in leadflow("program", "status", "fleet").out
    # who comes meanwhile is paused too
    ran = leadflow("enrol", "--id", "may", "--email", "may@x.example", "--program", "fleet")
    assert ran.status == 0
    eventually(lambda: kinds(leadflow, "may")[:2] == ["created", "paused"])
    assert leadflow("program", "resume", "fleet").status == 0
    last_rollout(leadflow)
    assert "unpaused" in kinds(leadflow, "max")
    assert "unpaused" in kinds(leadflow, "may")
    assert leadflow("program", "resume", "fleet").status == 1


def test_a_plan_says_what_will_be_otherwise_and_is_carried_out_only_while_nothing_moved(
    leadflow: Leadflow, fleet: Path, tmp_path: Path
) -> None:
    fleet.write_text(fleet.read_text().replace("program: fleet", "program: convoy", 1))
    enrol = ("enrol", "--program", str(fleet), "--email")
    assert leadflow(*enrol, "pia@plans.example", "--id", "pia-of-plans").status == 0
    eventually(lambda: MAIL_IS_SETTLED & set(kinds(leadflow, "pia-of-plans")))
    same = leadflow("program", "impact", str(fleet))
    assert (same.status, "0 have something otherwise" in same.out) == (0, True)

    text = fleet.read_text()
    assert "up_to: 7d" in text
    fleet.write_text(text.replace("up_to: 7d", "up_to: 2d", 1))
    plan = tmp_path / "plan.json"
    said = leadflow("program", "impact", str(fleet), "--out", str(plan), "--leads")
    assert said.status == 1, said.err
    assert "pia-of-plans: mail demo-offer" in said.out
    lines = leadflow("program", "impact", str(fleet), "--json").lines
    assert lines[0].items() >= {"leads": 1, "changing": 1, "lines": len(lines) - 1}.items()
    assert lines[0]["gone"] == []
    assert sum(after for _, after in lines[0]["mails"].values()) > 0
    mail = next(one for one in lines if one.get("kind") == "email_sent")
    assert (mail["lead"], mail["about"], mail["change"]) == (
        "pia-of-plans",
        "demo-offer",
        "earlier",
    )
    comment = leadflow("program", "plan", str(fleet), "--markdown")
    assert comment.status == 1
    assert "### convoy: " in comment.out
    assert "| 1 | mail demo-offer | earlier by 5 d |" in comment.out
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    for name, at in (("by-the-old-version", "7d"), ("by-the-new-version", "2d")):
        (scenarios / f"{name}.yaml").write_text(SCENARIO.format(at=at))
    cohort = scenarios / "by-the-new-version.yaml"
    asked = ("--scenarios", str(scenarios), "--cohort", str(cohort), "--allow-changes")
    comment = leadflow("program", "plan", str(fleet), "--markdown", *asked)
    assert comment.status == 1, "a scenario fails"
    assert "### 1 of 2 scenarios fail" in comment.out
    assert "- `by-the-old-version`: expect[0] was not met: {lead: pia" in comment.out
    assert "| mails | 1 | 2 |" in comment.out
    (scenarios / "by-the-old-version.yaml").unlink()
    assert leadflow("program", "plan", str(fleet), *asked).status == 0

    assert (
        leadflow(
            *enrol[:2], "convoy", "--email", "pip@plans.example", "--id", "pip-of-plans"
        ).status
        == 0
    )
    eventually(lambda: MAIL_IS_SETTLED & set(kinds(leadflow, "pip-of-plans")))
    stale = leadflow("program", "publish", str(fleet), "--plan", str(plan))
    assert stale.status == 1
    assert "1 lead came since: pip-of-plans" in stale.err
    assert leadflow("program", "impact", str(fleet), "--out", str(plan)).status == 1
    other = leadflow("program", "publish", "--plan", str(plan), "--in-flight", "pin")
    assert (other.status, "made with --in-flight migrate" in other.err) == (2, True)
    assert leadflow("program", "publish", "--plan", str(tmp_path / "no.json")).status == 2
    done = leadflow("program", "publish", "--plan", str(plan))
    assert done.status == 0, done.err
    eventually(lambda: "program_changed" in kinds(leadflow, "pia-of-plans"))
    wrong = leadflow("program", "publish", ACME, "--plan", str(plan))
    assert (wrong.status, "make a plan of this version" in wrong.err) == (2, True)
    assert leadflow("program", "publish", str(fleet), "--plan", str(fleet)).status == 2


def test_what_publishing_does_to_leads_is_one_of_four_words(
    leadflow: Leadflow, changed: Path
) -> None:
    ran = leadflow("program", "publish", str(changed), "--in-flight", "move")
    assert ran.status == 2
    assert "pin, finish, migrate, restart" in ran.err
    ran = leadflow("program", "publish", str(changed), "--in-flight", "pin", "--recheck")
    assert (ran.status, "pin changes none" in ran.err) == (2, True)
    assert leadflow("program", "pause", "nothing").status == 2


def last_rollout(leadflow: Leadflow) -> dict[str, Any]:
    """The latest rollout, once it has ended."""

    def ended() -> dict[str, Any] | None:
        newest: dict[str, Any] = leadflow("program", "status", "fleet", "--json").lines[1]
        return newest if newest["ended"] is not None else None

    found: dict[str, Any] = eventually(ended)
    return found


def eventually(condition: Callable[[], Any]) -> Any:
    return asyncio.run(until(condition))


def kinds(leadflow: Leadflow, lead: str) -> list[str]:
    ran = leadflow("show", lead, "--json")
    return [one["kind"] for one in ran.json["timeline"]] if ran.status == 0 else []


def test_an_unknown_version_is_refused_with_the_command_that_lists_them(
    leadflow: Leadflow,
) -> None:
    ran = leadflow("program", "diff", "acme@000000", "acme@newest")
    assert ran.status == 2
    assert "program history" in ran.err
