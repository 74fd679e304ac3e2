"""A worker that can't start says why, with the exit status that scripts wait for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from adapters.database import migrate

ROOT = Path(__file__).parents[2]


def started(database: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "LEADFLOW_DATABASE_URL": database,
            "LEADFLOW_LOG_FORMAT": "json",
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_tables_the_command_that_makes_them_is_named(tmp_path: Path) -> None:
    ran = started(f"sqlite:///{tmp_path}/new.db")
    assert (ran.returncode, "leadflow database upgrade" in ran.stderr) == (3, True)


def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    ran = started("postgresql://leadflow:hushhush@127.0.0.1:1/leadflow")
    assert ran.returncode == 3
    assert "can't be used" in ran.stderr
    assert "hushhush" not in ran.stderr


def test_a_temporal_that_does_not_answer_is_told(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/leadflow.db")
    ran = started(f"sqlite:///{tmp_path}/leadflow.db")
    assert (ran.returncode, "does not answer at 127.0.0.1:1" in ran.stderr) == (3, True)
    assert "Fatal Python error" not in ran.stderr
