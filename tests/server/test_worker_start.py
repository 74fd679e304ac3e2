"""A worker that can't start says why, with the exit status that scripts wait for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.sql.database import migrate
from assembly.process import run
from assembly.worker_process import serve
from tests.gateway.stored_rows import CRM_SECRET
from tests.waiting import LIMIT

ROOT = Path(__file__).parents[2]


def run_worker(database: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "LEADFLOW_DATABASE_URL": database,
            "LEADFLOW_LOG_FORMAT": "json",
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def refused_settings(patch: pytest.MonkeyPatch, **settings: str) -> str:
    """What a worker logs of wrong settings. It runs in this process, which saves its imports."""
    for name, value in settings.items():
        patch.setenv(name, value)
    with capture_logs() as logged:
        assert run("worker", serve) == 2
    return str(logged)


def test_without_tables_the_command_that_makes_them_is_named(tmp_path: Path) -> None:
    ran = run_worker(f"sqlite:///{tmp_path}/new.db")
    assert (ran.returncode, "leadflow database upgrade" in ran.stderr) == (3, True)


def test_a_database_that_does_not_answer_is_reported_without_its_password() -> None:
    ran = run_worker("postgresql://leadflow:hushhush@127.0.0.1:1/leadflow")
    assert ran.returncode == 3
    assert "can't be used" in ran.stderr
    assert "hushhush" not in ran.stderr


def test_a_temporal_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/leadflow.db")
    ran = run_worker(f"sqlite:///{tmp_path}/leadflow.db")
    assert (ran.returncode, "does not answer at 127.0.0.1:1" in ran.stderr) == (3, True)
    assert "Fatal Python error" not in ran.stderr


def test_a_wrong_setting_is_printed_and_the_process_ends_with_status_2(tmp_path: Path) -> None:
    ran = run_worker(f"sqlite:///{tmp_path}/leadflow.db", LEADFLOW_CRM_URL="crm.acme.example")
    assert ran.returncode == 2
    assert "settings are wrong" in ran.stdout
    assert "crm_url" in ran.stdout.lower()


@pytest.mark.parametrize(
    "secret", ["", " ", "hushhushhushhushhush", "whsec_hush", "whsec_hush!hush!hush!hush!hush!hush"]
)
def test_a_wrong_crm_secret_is_reported_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    crm = {"LEADFLOW_CRM_URL": "https://crm.acme.example/hooks", "LEADFLOW_CRM_SECRET": secret}
    logged = refused_settings(monkeypatch, **crm)
    assert "LEADFLOW_CRM_SECRET" in logged
    assert "hushhush" not in logged
    assert "hush!" not in logged


@pytest.mark.parametrize(
    "url", ["crm.acme.example", "http://[", "https:///hooks", "https://crm:port/", "https://a b/"]
)
def test_a_wrong_crm_url_is_reported(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    crm = {"LEADFLOW_CRM_URL": url, "LEADFLOW_CRM_SECRET": CRM_SECRET.get_secret_value()}
    assert "crm_url" in refused_settings(monkeypatch, **crm).lower()
