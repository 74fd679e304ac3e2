"""The README's commands for marketing, engineers and sales, played on a real stack."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.docs.pages import ROOT, commands_in, leadflow_words
from tests.waiting import LIMIT

_README = ROOT / "README.md"
_STARTER = [sys.executable, str(ROOT / "starter.py")]
_ANY_PORTS = (
    *("--port", "0", "--ui-port", "0", "--smtp-port", "0"),
    *("--gateway-port", "0", "--inbound-port", "0"),
)


def test_the_readme_works_from_the_first_command_to_the_won_deal(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "programs", tmp_path / "programs")
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
            **os.environ,
            "LEADFLOW_HOME": str(home),
            "TEMPORAL_ADDRESS": addresses["temporal"],
            "LEADFLOW_SMTP_PORT": addresses["smtp"].rpartition(":")[2],
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        }
        for heading in ("## For marketing", "## For engineers", "## For sales"):
            for shown in commands_in(_README, heading):
                words = leadflow_words(shown)
                if shown.words[0] != "temporal" and words is None:
                    continue  # make
                ran = subprocess.run(
                    [*_STARTER, *words] if words is not None else shown.words,
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=LIMIT,
                    check=False,
                )
                assert ran.returncode == 0, f"{shown.line}\n{ran.stdout}\n{ran.stderr}"
        ran = subprocess.run(
            [*_STARTER, "show", "ana", "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(ran.stdout)["stage"] == "customer"
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(LIMIT) == 0
        if up.stdout is not None:
            up.stdout.close()
