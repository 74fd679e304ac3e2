"""The README's commands for marketing, engineers and sales, played on a real stack."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import pytest

import starter
from tests.docs.pages import ROOT, commands_in, leadflow_words
from tests.waiting import LIMIT

_README = ROOT / "README.md"
_STARTER = [sys.executable, str(ROOT / "starter.py")]
_ANY_PORTS = (
    *("--port", "0", "--ui-port", "0", "--smtp-port", "0"),
    *("--gateway-port", "0", "--inbound-port", "0"),
)


_ROWS = 16
"""Of the list that is launched, with a row that is rejected: the words are about commands."""


def _exit_status(words: Sequence[str]) -> int:
    """Run a command of leadflow in this process, which has its imports already."""
    with pytest.raises(SystemExit) as left:
        starter.main(words)
    return int(left.value.code or 0)


def test_the_readme_works_from_the_first_command_to_the_won_deal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "programs", tmp_path / "programs")
    leads = tmp_path / "programs" / "leads.csv"
    rows = leads.read_text("utf-8").splitlines(keepends=True)
    leads.write_text("".join(rows[: 1 + _ROWS]), "utf-8")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    home = tmp_path / "home"
    up = subprocess.Popen(
        [*_STARTER, "up", "--json", "--data", str(home), *_ANY_PORTS],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert up.stdout is not None
        addresses = json.loads(up.stdout.readline())
        environment = {
            "LEADFLOW_HOME": str(home),
            "TEMPORAL_ADDRESS": addresses["temporal"],
            "LEADFLOW_SMTP_PORT": addresses["smtp"].rpartition(":")[2],
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        for heading in ("## For marketing", "## For engineers", "## For sales"):
            for shown in commands_in(_README, heading):
                words = leadflow_words(shown)
                if shown.words[0] != "temporal" and words is None:
                    continue  # make
                status = (
                    _exit_status(words)
                    if words is not None
                    else subprocess.run(shown.words, timeout=LIMIT, check=False).returncode
                )
                printed = capfd.readouterr()
                assert status == 0, f"{shown.line}\n{printed.out}\n{printed.err}"
        assert _exit_status(["show", "ana", "--json"]) == 0
        assert json.loads(capfd.readouterr().out)["stage"] == "customer"
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(LIMIT) == 0
        if up.stdout is not None:
            up.stdout.close()
