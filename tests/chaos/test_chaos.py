"""The short form of the chaos runs: a few leads, faults of every kind, and the auditor.

`make chaos` is the long form; tests/chaos/README.md names the single trials.
"""

from __future__ import annotations

import subprocess
import sys

from tests.chaos.processes import ROOT

# A breach may be a minute late here: no test may need an idle machine.
_LIMIT_SECONDS = 1_000
"""More than the run gives itself. It needs a minute and a half on a quiet machine."""


def test_a_few_leads_survive_an_upgrade_a_restore_and_faults_with_every_promise_kept() -> None:
    run = [sys.executable, "-m", "tests.chaos", "1", "--faults", "short", "--late", "60"]
    done = subprocess.run(
        [*run, "--leads", "12", "--seconds", "30", "--plant"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 promises broken after 3 faults" in done.stdout
    assert "each planted fault was found" in done.stdout
