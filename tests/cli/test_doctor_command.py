"""`leadflow doctor` with nothing there, and beside a running stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assembly.stack import Stack
from tests.cli.conftest import Leadflow


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
