"""`leadflow doctor` with nothing there, and beside a running stack."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapters.sql.database import Database
from assembly.doctor.check import looked
from assembly.doctor.database import look_at_stuck_work
from assembly.doctor.machine import look_at_monitoring
from assembly.doctor.teams import look_at_teams
from assembly.settings import Settings
from assembly.stack import Stack
from models.directory import Directory
from models.tables.columns import table_of
from models.tables.mail import BreakerRow
from tests.cli.conftest import Leadflow
from tests.sales.alerted_lead import ACME, PEOPLE
from usecases.publishing import publish


def _parts(lines: list[Any]) -> dict[str, Any]:
    return {one["name"]: one for one in lines if "name" in one}


def test_with_nothing_there_each_part_says_what_to_do(
    command: Leadflow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("LEADFLOW_SMTP_PORT", "1")
    monkeypatch.setenv("LEADFLOW_PUBLIC_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LEADFLOW_HOME", str(tmp_path))
    (tmp_path / "secret").write_text("s" * 40)
    (tmp_path / "secret").chmod(0o644)
    ran = command("doctor", "--json")
    parts = _parts(ran.lines)
    wrong = {name for name, one in parts.items() if one["status"] == "wrong"}
    assert wrong == {"database", "Temporal", "gateway", "mail relay", "secret of links"}
    assert all(one["remedy"] for one in parts.values() if one["status"] != "ok")
    assert "leadflow database upgrade" in parts["database"]["found"]
    assert (ran.status, ran.lines[-1]["ok"]) == (1, False)
    assert not (tmp_path / "leadflow.db").exists()
    people = command("doctor")
    assert (people.status, "LEADFLOW_SMTP_HOST" in people.out) == (1, True)


def test_beside_a_running_stack_its_parts_are_well(
    leadflow: Leadflow, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFLOW_SMTP_PORT", str(stack.smtp_port))
    monkeypatch.setenv("LEADFLOW_PUBLIC_URL", stack.gateway)
    monkeypatch.setenv("LEADFLOW_MAIL_DOMAIN", "in.leadflow.localhost")
    parts = _parts(leadflow("doctor", "--json").lines)
    well = {name for name, one in parts.items() if one["status"] == "ok"}
    queues = {f"workers of {name}" for name in ("leads", "mail", "sales")}
    assert well >= {"database", "Temporal", "search attributes", "mail relay", "disk"} | queues
    assert well >= {"gateway", "clocks", "workflow tasks"}
    assert "localhost" in parts["DNS"]["found"]
    assert not [one for name, one in parts.items() if name.startswith("MX")]


def test_clocks_are_compared_with_temporal_and_with_the_gateway(
    leadflow: Leadflow, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when a doctor looked before, whose question Temporal remembers."""
    monkeypatch.setenv("LEADFLOW_PUBLIC_URL", stack.gateway)
    for _ in range(2):
        lines = [one for one in leadflow("doctor", "--json").lines if one.get("name") == "clocks"]
        assert [one["found"].partition("'")[0] for one in lines] == ["Temporal", "the gateway"]
        assert [one for one in lines if one["status"] != "ok"] == []


def test_a_gateway_with_another_secret_is_found(
    leadflow: Leadflow, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFLOW_PUBLIC_URL", stack.gateway)
    same = _parts(leadflow("doctor", "--json").lines)["links in mail"]
    monkeypatch.setenv("LEADFLOW_SECRET", "another-secret-of-some-thirty-two-letters")
    other = _parts(leadflow("doctor", "--json").lines)["links in mail"]
    assert (same["status"], other["status"]) == ("ok", "wrong")
    assert "the same LEADFLOW_SECRET" in other["remedy"]


def test_a_namespace_that_is_not_there_has_a_remedy(
    leadflow: Leadflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    found = _parts(leadflow("doctor", "--json").lines)["Temporal"]
    assert (found["status"], "nowhere" in found["found"]) == ("wrong", True)
    assert "TEMPORAL_NAMESPACE" in found["remedy"]


def test_routes_of_mail_that_are_stopped_are_wrong(database: Database, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'leadflow.db'}")
    now = datetime.now(UTC)
    with database.write() as connection:
        connection.execute(
            sa.insert(table_of(BreakerRow)).values(
                route="program/acme",
                series=[],
                refusals=9,
                opened_at=now,
                probe_at=now,
                probes=1,
                why="550 blocked",
            )
        )
    found = asyncio.run(looked("stuck work", partial(look_at_stuck_work, settings)))
    (route,) = [one for one in found if one.status == "wrong"]
    assert (route.name, route.found) == (
        "mail routes",
        "stopped, because a server refuses everybody: 1",
    )
    assert "mail of a route is stopped" in route.remedy


def _looked(settings: Settings) -> list[tuple[str, str, str]]:
    found = asyncio.run(looked("teams", partial(look_at_teams, settings)))
    return [(one.name, one.status, one.found) for one in found]


def test_teams_of_published_programs_without_a_manager_are_named(
    database: Database, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'leadflow.db'}")
    assert _looked(settings) == []
    headless = PEOPLE.teams["sdr"].model_copy(update={"manager": None})
    teams = {name: team for name, team in PEOPLE.teams.items() if name != "emea"}
    publish(database, ACME, Directory(teams=teams | {"sdr": headless}))
    contact, *wrong = sorted(_looked(settings))
    assert contact[:2] == ("operations contact", "wrong")
    assert wrong == [
        ("teams of acme", "wrong", "no team 'emea' in the directory"),
        ("teams of acme", "wrong", "team 'sdr' has no manager"),
    ]
    told = settings.model_copy(update={"operations_contact": "ops@acme.example"})
    assert sorted(_looked(told)) == wrong
    publish(database, None, PEOPLE)
    assert [one[:2] for one in _looked(settings)] == [("teams", "ok")]


class _UnreadyProcess(BaseHTTPRequestHandler):
    """Answers `/ready` as a process whose database was replaced."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b'{"why": "the file leadflow.db was deleted or replaced"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_what_a_process_says_of_itself_at_its_monitoring_port_is_shown(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), _UnreadyProcess)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = Settings(home=tmp_path, monitoring_port=server.server_port)
    try:
        (asked,) = asyncio.run(looked("monitoring", partial(look_at_monitoring, settings)))
    finally:
        server.shutdown()
        server.server_close()
    (gone,) = asyncio.run(looked("monitoring", partial(look_at_monitoring, settings)))
    assert (asked.status, "deleted or replaced" in asked.found) == ("wrong", True)
    assert (gone.status, "does not answer" in gone.found) == ("wrong", True)
    unset = Settings(home=tmp_path)
    assert asyncio.run(looked("monitoring", partial(look_at_monitoring, unset))) == []
