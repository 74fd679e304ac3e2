"""A campaign of chaos runs goes on where it stopped. No run is made here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos.campaign import ROOT, ChaosRun, Verdicts, commit_of_this

RUN = ChaosRun(seed=1, faults="kill", leads=120, seconds=60, late=None)


def campaign(folder: Path) -> tuple[int, dict[str, Any]]:
    """The campaign of one run, when no run may begin any more."""
    command = [sys.executable, "-m", "tests.chaos.campaign", "--seeds", "1", "--faults", "kill"]
    options = ["--until", "00:00", "--keep", str(folder), "--json"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    return done.returncode, json.loads(done.stdout)


def test_a_run_that_could_not_be_made_has_no_verdict(tmp_path: Path) -> None:
    Verdicts(tmp_path, commit_of_this()).keep(RUN, exit=2, said="the machine was too slow")
    status, found = campaign(tmp_path)
    assert (status, found["without a verdict"]) == (2, 1)


def test_a_run_with_a_verdict_is_not_made_again(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path, commit_of_this())
    verdicts.keep(RUN, exit=0, said="0 promises broken")
    assert verdicts.settled(RUN)
    status, found = campaign(tmp_path)
    assert (status, found["kept"], found["without a verdict"]) == (0, 1, 0)


def test_a_broken_run_stays_broken_until_another_commit(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path, commit_of_this())
    verdicts.keep(RUN, exit=1, said="1 promises broken")
    assert Verdicts(tmp_path, commit_of_this()).settled(RUN)
    assert not Verdicts(tmp_path, "another").settled(RUN)
    assert campaign(tmp_path)[0] == 1
