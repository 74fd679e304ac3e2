"""`program check`, `program schema` and `calendar`, as people and scripts use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import starter
from cli import console

SHIPPED = Path(__file__).parents[2] / "programs"
ACME = str(SHIPPED / "acme.yaml")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("LEADFLOW_DEBUG", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            starter.main(arguments)
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return call


def test_a_valid_program_is_shown_with_its_digest(run: Run) -> None:
    status, printed, _ = run("program", "check", ACME)
    assert status == 0
    assert "acme is a valid program" in printed
    status, printed, _ = run(
        "program", "check", ACME, "--teams", str(SHIPPED / "teams.yaml"), "--json"
    )
    assert status == 0
    report = json.loads(printed)
    assert report["name"] == "acme"
    assert len(report["digest"]) == 64
    assert (report["emails"], report["tracks"], report["teams"]) == (14, 7, 3)


def test_every_problem_is_one_line_with_its_place(run: Run, folder: Path, acme: str) -> None:
    path = folder / "p.yaml"
    text = acme.replace("lead.employees >= 200", "lead.emploees >= 200", 1)
    path.write_text(text.replace("half_life: 30d", "half_life: 0d", 1), "utf-8")
    status, printed, problems = run("program", "check", str(path))
    assert (status, printed) == (2, "")
    first, second, count = problems.splitlines()
    assert first.startswith(f"{path}:12:18  doors[0].when  unknown field 'lead.emploees'; did you")
    assert second == (
        f"{path}:23:16  scoring.engagement.half_life  '0d' is not positive; make it at least 1d"
    )
    assert count == "2 problems found"
    status, printed, _ = run("program", "check", str(path), "--json")
    assert status == 2
    report = json.loads(printed)
    assert report["ok"] is False
    assert [(one["line"], one["column"]) for one in report["problems"]] == [(12, 18), (23, 16)]


def test_the_problems_of_program_and_teams_are_reported_together(run: Run, tmp_path: Path) -> None:
    teams = tmp_path / "teams.yaml"
    teams.write_text("teams: {sdr: {members: []}, emea: {}}\n", "utf-8")
    status, _, problems = run("program", "check", ACME, "--teams", str(teams))
    assert status == 2
    assert "handoff.qualify.then_to  no team 'ae' in the directory; " in problems
    status, _, problems = run("program", "check", "none.yaml", "--teams", "none-either.yaml")
    assert status == 2
    assert "2 problems found" in problems


def test_the_schema_is_what_people_write(run: Run) -> None:
    status, printed, _ = run("program", "schema")
    schema = json.loads(printed)
    assert status == 0
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$schema" in schema["properties"]
    assert "for" in schema["$defs"]["Track"]["properties"]
    assert "mjml" not in schema["$defs"]["Email"]["properties"]
    assert "dates" not in schema["$defs"]["Holidays"]["properties"]
    program = yaml.safe_load((SHIPPED / "acme.yaml").read_text("utf-8"))
    assert set(program) <= set(schema["properties"])


def test_a_program_may_name_its_schema(folder: Path, acme: str, run: Run) -> None:
    path = folder / "p.yaml"
    path.write_text("$schema: ./program.schema.json\n" + acme, "utf-8")
    assert (
        json.loads(run("program", "check", str(path), "--json")[1])["digest"]
        == json.loads(run("program", "check", ACME, "--json")[1])["digest"]
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            ("--from", "2026-03-05T14:00:00-05:00", "--within", "4h"),
            {"due": "2026-03-05T23:00:00Z"},
        ),
        (("--from", "2026-03-05T19:00:00Z", "--within", "2d"), {"due": "2026-03-09T18:00:00Z"}),
        (
            ("--from", "2026-03-05T14:00:00-05:00", "--to", "2026-03-06T14:00:00-05:00"),
            {"open_seconds": 28_800},
        ),
    ],
)
def test_the_calendar_command_prints_an_instant_or_a_duration(
    run: Run, question: tuple[str, ...], answer: dict[str, Any]
) -> None:
    status, printed, _ = run("calendar", ACME, "office", *question, "--json")
    assert (status, json.loads(printed)) == (0, answer)
    status, printed, _ = run("calendar", ACME, "office", *question)
    assert (status, len(printed.splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("offce", "--from", "2026-03-05T14:00:00Z", "--within", "4h"), "did you mean 'office'?"),
        (("office", "--from", "2026-03-05T14:00:00", "--within", "4h"), "has no time zone"),
        (("office", "--from", "yesterday", "--within", "4h"), "is not an instant"),
        (("office", "--from", "2026-03-05T14:00:00Z", "--to", "2026-03-05T15:00:00"), "time zone"),
        (("office", "--from", "2026-03-05T14:00:00Z", "--to", "2026-03-05T13:00:00Z"), "exchange"),
        (("office", "--from", "2026-03-05T14:00:00Z", "--within", "4x"), "like 30m, 4h"),
        (("office", "--from", "2026-03-05T14:00:00Z"), "either --within"),
        (("office",), "--from"),
    ],
)
def test_the_calendar_command_refuses_what_it_can_not_read(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    status, printed, problems = run("calendar", ACME, *arguments)
    assert (status, printed) == (2, "")
    assert message in " ".join(problems.split())


def test_an_unexpected_error_is_one_sentence_and_no_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise RuntimeError("the disk\nis gone")

    monkeypatch.setattr("adapters.documents.schema.program_schema", fails)
    status, _, printed = run("program", "schema")
    assert status == 3
    assert printed == "RuntimeError: the disk is gone (LEADFLOW_DEBUG=1 shows where)\n"
    monkeypatch.setenv("LEADFLOW_DEBUG", "1")
    with pytest.raises(RuntimeError):
        starter.main(["program", "schema"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (console.NegativeAnswerError("no"), 1),
        (console.WrongInputError("no"), 2),
        (console.WorldFailedError("no"), 3),
    ],
)
def test_each_kind_of_error_has_its_status(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr("adapters.documents.schema.program_schema", fails)
    assert run("program", "schema") == (status, "", "no\n")


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'temporalio', 'sqlalchemy', 'pydantic', 'cel', 'liquid', 'mjml', 'holidays'}"
    asked = f"import starter, sys; print(sorted({heavy} & set(sys.modules)))"
    report = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=SHIPPED.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert report.stdout.strip() == "[]", "import heavy things inside commands"


def test_help_is_shown_and_an_unknown_command_is_wrong_input() -> None:
    def starter(argument: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "starter.py", argument],
            cwd=SHIPPED.parent,
            env={**os.environ, "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )

    shown = starter("--help")
    assert shown.returncode == 0
    assert "For marketing" in shown.stdout
    wrong = starter("frob")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
