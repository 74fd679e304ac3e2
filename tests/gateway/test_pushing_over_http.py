"""A CI pushes a version of a program: it is checked and stored, and nothing is published by it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

import starter
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from adapters.sql.pushed_programs import SqlPushedPrograms
from tests.gateway.test_pausing_over_http import bearer

PROGRAMS = Path(__file__).parents[2] / "programs"
ACME = (PROGRAMS / "acme.yaml").read_text("utf-8")
NEW = ACME.replace("{on: email.replied, points: 40}", "{on: email.replied, points: 45}")
WRONG = ACME.replace("{on: email.replied, points: 40}", "{on: email.replied, points: many}")
TEMPLATES = {"welcome.mjml": (PROGRAMS / "welcome.mjml").read_text("utf-8")}


def body(program: str, **more: Any) -> dict[str, Any]:
    return {"file": "programs/acme.yaml", "program": program, "templates": TEMPLATES, **more}


async def test_a_version_is_stored_once_and_nothing_is_published(
    http: httpx.AsyncClient, database: Database
) -> None:
    key = bearer(database, "programs:write")
    before = SqlPrograms(database).publications("acme")
    first = await http.post("/v1/programs", json=body(NEW, note="replies"), headers=key)
    again = await http.post("/v1/programs", json=body(NEW), headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() | {"new": False} == again.json()
    assert first.json()["name"] == "acme"
    assert SqlPrograms(database).publications("acme") == before
    (pushed,) = SqlPushedPrograms(database).unpublished("acme")
    assert (pushed.digest, pushed.by, pushed.note) == (
        *(first.json()["digest"], "api pauser", "replies"),
    )


async def test_what_is_wrong_is_answered_with_its_lines(
    http: httpx.AsyncClient, database: Database
) -> None:
    key = bearer(database, "programs:write")
    answer = await http.post("/v1/programs", json=body(WRONG), headers=key)
    assert answer.status_code == 422
    line = 1 + WRONG[: WRONG.index("points: many")].count("\n")
    assert [(one["line"], one["path"]) for one in answer.json()["errors"]] == [
        (line, "scoring.engagement.rules[1].points")
    ]
    for files in (
        body(NEW, templates={}),
        body(NEW, templates={"../welcome.mjml": "<mjml/>"}),
        body(NEW, templates={"/etc/x.mjml": "<mjml/>"}),
        body(NEW, templates={"welcome.mjml/x.mjml": "", **TEMPLATES}),
        body("\x00"),
        body("\ud800"),
        body(""),
    ):
        refused = await http.post("/v1/programs", content=json.dumps(files), headers=key)
        assert refused.status_code == 422, files
        assert "/tmp" not in refused.text  # noqa: S108  # it names no folder of ours
    assert SqlPushedPrograms(database).unpublished() == ()


@pytest.mark.parametrize("scope", ["leads:write", "reports:read"])
async def test_a_key_without_the_scope_stores_nothing(
    http: httpx.AsyncClient, database: Database, scope: str
) -> None:
    answer = await http.post("/v1/programs", json=body(NEW), headers=bearer(database, scope))
    assert answer.status_code == 403
    assert (await http.post("/v1/programs", json=body(NEW))).status_code == 401
    assert SqlPushedPrograms(database).unpublished() == ()


@pytest.fixture
def pushing(
    http: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> SqlPushedPrograms:
    """`leadflow program push` reaches the application of this process."""
    transport = http._transport  # the application without a server

    def post(url: str, **given: Any) -> httpx.Response:
        async def sent() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                return await client.post(url.removeprefix("http://gateway"), **given)

        return asyncio.run(sent())

    monkeypatch.setattr(httpx, "post", post)
    key = SqlApiKeys(database).make("ci", ["programs:write"])
    monkeypatch.setenv("LEADFLOW_API_KEY", key)
    return SqlPushedPrograms(database)


def ran(words: list[str]) -> int:
    """Run a command; its exit status."""
    with pytest.raises(SystemExit) as ended:
        starter.main(words)
    return int(ended.value.code or 0)


def test_the_command_pushes_a_program_with_its_templates(
    pushing: SqlPushedPrograms, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(NEW)
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text)
    pushed = ["program", "push", str(file), "--to", "http://gateway", "--note", "replies"]
    assert ran([*pushed, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["name"], said["new"], said["published"]) == ("acme", True, False)
    assert [one.by for one in pushing.unpublished("acme")] == ["api ci"]
    assert ran(pushed) == 0
    assert "was stored before, and not published by it" in capsys.readouterr().out


def test_the_command_says_what_is_wrong(
    pushing: SqlPushedPrograms,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(WRONG)
    assert ran(["program", "push", str(file), "--to", "http://gateway"]) == 2
    file.write_text(NEW)
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("LEADFLOW_API_KEY", "lf_wrong_key")
    assert ran(["program", "push", str(file), "--to", "http://gateway"]) == 1
    monkeypatch.delenv("LEADFLOW_API_KEY")
    assert ran(["program", "push", str(file), "--to", "http://gateway"]) == 2
    assert "key create ci --scope programs:write" in capsys.readouterr().err
    assert pushing.unpublished() == ()
