"""What commands say when a server or database fails; and `up` as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assembly.stack import Stack
from cli.app import app
from lifecycle.stable_hash import lead_id
from tests.cli.conftest import Leadflow, until
from tests.waiting import LIMIT

ROOT = Path(__file__).parents[2]
ANSWERING = ("--gateway-port", "0", "--inbound-port", "0")


@contextmanager
def running_up(home: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`up` with free ports, ended by the test or else after it."""
    free = ("--port", "0", "--ui-port", "0", "--smtp-port", "0", *ANSWERING)
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("LEADFLOW", "TEMPORAL"))
    }
    with subprocess.Popen(
        [sys.executable, ROOT / "starter.py", "up", "--data", home, "--json", *free, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)


def read_addresses(child: subprocess.Popen[str]) -> dict[str, Any]:
    assert child.stdout is not None
    line = child.stdout.readline()
    places: dict[str, Any] = json.loads(line)
    return places


def answers(place: str) -> bool:
    host, _, port = place.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def test_up_stops_and_starts_again_with_its_data(
    leadflow: Leadflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "up"
    monkeypatch.setenv("LEADFLOW_HOME", str(home))
    with running_up(home) as child:
        places = read_addresses(child)
        assert places["programs"] == ["acme"]
        assert home.stat().st_mode & 0o777 == 0o700
        assert all(answers(places[name]) for name in ("ui", "temporal", "smtp", "inbound"))
        enrolled = leadflow(
            "enrol", "--email", "ida@up.example", "--id", "ida", "--program", "acme"
        )
        assert enrolled.status == 0
        until(lambda: leadflow("show", "ida").status == 0)

        second = leadflow("up", "--data", str(home))
        assert second.status == 3
        assert f"runs already at {places['temporal']}" in second.err
        taken = places["smtp"].rpartition(":")[2]
        elsewhere = ("up", "--data", str(tmp_path / "b"), "--port", "0", "--ui-port", "0")
        blocked = leadflow(*elsewhere, "--smtp-port", taken, *ANSWERING)
        assert (blocked.status, f"port {taken} is in use" in blocked.err) == (3, True)
        taken = places["ui"].rpartition(":")[2]
        blocked = leadflow(*elsewhere[:-1], taken, "--smtp-port", "0", *ANSWERING)
        assert (blocked.status, taken in blocked.err) == (3, True)

        child.send_signal(signal.SIGINT)
        assert child.wait(LIMIT) == 0
    assert not any(answers(places[name]) for name in ("ui", "temporal", "smtp"))
    assert leadflow("show", "ida").status == 0
    stopped = leadflow("accept", "ida", "--by", "riley@acme.example")
    assert (stopped.status, "make up" in stopped.err) == (3, True)

    with running_up(home) as child:
        read_addresses(child)
        assert leadflow("qualify", "ida", "--by", "morgan@acme.example").status == 1
        child.send_signal(signal.SIGTERM)
        assert child.wait(LIMIT) == 0


def test_up_with_a_broken_program_says_what_is_wrong_and_leaves_nothing_running(
    command: Leadflow, tmp_path: Path
) -> None:
    program = tmp_path / "p.yaml"
    program.write_text("program: p\nwhat: 1\n")
    free = ("--port", "0", "--ui-port", "0", "--smtp-port", "0", *ANSWERING)
    ran = command("up", "--data", str(tmp_path / "up"), *free, "--program", str(program))
    assert (ran.status, "p.yaml:2:" in ran.err) == (2, True)
    assert not (tmp_path / "up" / "temporal.json").exists()


def test_a_missing_server_is_reported_with_the_remedy(
    leadflow: Leadflow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    problem = f"Temporal does not answer at {address}; start it with `make up`"
    (tmp_path / "a.csv").write_text("email\na@b.example\n")
    for arguments in (
        ("accept", "x", "--by", "r@acme.example"),
        ("event", "x", "page.viewed"),
        ("launch", str(tmp_path / "a.csv"), "--program", "acme"),
        ("enrol", "--email", "a@b.example", "--program", "acme"),
    ):
        ran = leadflow(*arguments)
        assert (ran.status, problem in ran.err) == (3, True), ran.err
    asked = leadflow("accept", "x", "--by", "r@acme.example", "--json")
    assert problem in asked.json["error"]


@pytest.mark.parametrize("arguments", [("leads",), ("show", "x"), ("event", "x", "page.viewed")])
def test_a_missing_database_is_not_made_by_a_command_that_reads(
    command: Leadflow, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = command(*arguments)
    assert (ran.status, "make up" in ran.err) == (3, True)
    assert not (tmp_path / "nowhere").exists()


def test_a_database_is_made_by_upgrading(
    command: Leadflow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", f"sqlite:///{tmp_path / 'own.db'}")
    assert command("database", "upgrade").status == 0
    assert command("database", "upgrade", "--json").json["ok"]
    assert command("leads").status == 0


def test_a_database_of_a_newer_leadflow_is_not_changed(
    command: Leadflow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "own.db"
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", f"sqlite:///{path}")
    command("database", "upgrade")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r9999'")
    connection.close()
    free = ("--port", "0", "--ui-port", "0", "--smtp-port", "0", *ANSWERING)
    for arguments in (("leads",), ("database", "upgrade"), ("up", *free)):
        ran = command(*arguments)
        assert (ran.status, "r9999" in ran.err) == (3, True), ran.err


def test_a_database_without_tables_is_reported_with_the_command_that_makes_them(
    command: Leadflow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.db").touch()
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    ran = command("leads")
    assert (ran.status, "leadflow database upgrade" in ran.err) == (3, True)


def test_a_database_that_does_not_answer_is_reported_without_its_password(
    command: Leadflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("LEADFLOW_DATABASE_URL", f"postgresql://me:secret@{place}/leads")
    for arguments in (("leads",), ("show", "x"), ("database", "upgrade")):
        ran = command(*arguments)
        assert (ran.status, place in ran.err, "secret" in ran.err) == (3, True, False), ran.err
        assert "LEADFLOW_DEBUG" not in ran.err


@pytest.mark.parametrize(
    ("name", "value"), [("LEADFLOW_SMTP_PORT", "mail"), ("LEADFLOW_DATABASE_URL", "mysql://x/y")]
)
def test_a_setting_that_cannot_be_used_is_named(
    command: Leadflow, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    ran = command("leads")
    assert (ran.status, name in ran.err) == (2, True)


def test_an_interrupted_launch_is_left_to_the_worker_which_ends_it(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "many.csv"
    rows = [f"p{n}@many.example" for n in range(120)]
    file.write_text("\n".join(["email", *rows]))
    options = ("launch", str(file), "--program", "acme", "--rate", "20")
    command = [sys.executable, str(ROOT / "starter.py"), *options]
    environment = {**os.environ, "LEADFLOW_HOME": str(stack.settings.home)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as child:
        journal = stack.world.journal
        until(lambda: journal.stored(lead_id("p1@many.example")))
        child.send_signal(signal.SIGINT)
        printed, problems = child.communicate(timeout=LIMIT)
    assert child.returncode == 0, problems
    said = re.search(r"launch (\d+) is running, (\d+) of 120 rows done", printed)
    assert said is not None, printed
    assert int(said[2]) < len(rows)
    assert f"launch status {said[1]}" in " ".join(printed.split())
    until(lambda: journal.stored(lead_id("p119@many.example")))


def test_every_command_has_a_help_with_an_example(command: Leadflow) -> None:
    for name in (one.name for one in app.registered_commands if one.name):
        ran = command(name, "--help")
        assert ran.status == 0
        assert "Example" in ran.out or name == "calendar", name
