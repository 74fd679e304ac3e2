"""Versions of a program on the command line: published, listed, compared, and rolled back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ACME, SHIPPED, Leadflow


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

    back = ("program", "publish", "acme", "--version", older["digest"][:12], "--in-flight", "pin")
    assert leadflow(*back, "--note", "back").status == 0
    compared = leadflow("program", "diff", "acme@newest", ACME)
    assert (compared.status, compared.out) == (0, "")


def test_what_leads_in_flight_can_not_do_yet_is_refused(leadflow: Leadflow, changed: Path) -> None:
    ran = leadflow("program", "publish", str(changed), "--in-flight", "migrate")
    assert ran.status == 2
    assert "only keep their version yet" in ran.err


def test_an_unknown_version_is_refused_with_the_command_that_lists_them(
    leadflow: Leadflow,
) -> None:
    ran = leadflow("program", "diff", "acme@000000", "acme@newest")
    assert ran.status == 2
    assert "program history" in ran.err
