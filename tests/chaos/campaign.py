"""The long chaos campaign of `make chaos`: every seed with every set of faults.

    python -m tests.chaos.campaign [--seeds 20] [--leads 120] [--seconds 60] [--keep DIR]

What a broken run printed is printed at once. Exit status: 0 if all promises held in all runs. A
run with 120 leads takes three to four minutes; twenty seeds take about five hours.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.chaos.processes import ROOT

FAULTS = ("kill", "all", "mail", "postgres")


def main() -> int:
    """Make all runs; 0 if none found a broken promise and none failed to run."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.campaign", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--leads", type=int, default=120)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", type=Path, default=Path("build/chaos"))
    asked = parser.parse_args()
    bad: list[str] = []
    began = time.monotonic()
    for seed in range(1, asked.seeds + 1):
        for faults in FAULTS:
            name = f"seed {seed}, {faults}"
            sizes = ["--leads", str(asked.leads), "--seconds", str(asked.seconds)]
            keep = ["--keep", str(asked.keep / f"{faults}-{seed}")]
            done = subprocess.run(
                [sys.executable, "-m", "tests.chaos", str(seed), "--faults", faults, *sizes, *keep],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            last = (done.stdout.strip().splitlines() or ["nothing was printed"])[-1]
            print(f"{name}: {last}", flush=True)
            if done.returncode:
                bad.append(name)
                print(done.stdout, done.stderr[-2_000:], sep="\n", flush=True)
    minutes = (time.monotonic() - began) / 60
    runs = asked.seeds * len(FAULTS)
    print(f"{len(bad)} of {runs} runs are broken or could not run, in {minutes:.0f} minutes: {bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
