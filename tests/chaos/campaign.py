"""The long chaos campaign of `make chaos`: every seed with every set of faults.

    python -m tests.chaos.campaign [--seeds 20] [--faults kill all mail postgres] [--leads 120]
        [--seconds 60] [--late S] [--at-once 1] [--until HH:MM] [--keep build/chaos] [--json]

Each run is written into KEEP/verdicts.jsonl when it ends. A run that has a verdict for this commit
is not made again, so a campaign that was interrupted goes on where it stopped; one that could not
run has no verdict, and is tried again. With `--until` no run begins after that time (UTC).
What a broken run printed is shown at once, and stays in KEEP with the histories that do not replay.
Exit status: 0 all promises held in all runs, 1 one is broken, 2 some run has no verdict yet.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from time import monotonic
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ("kill", "all", "mail", "postgres")


@dataclass(frozen=True)
class ChaosRun:
    """Which run: two that are equal here have the same verdict."""

    seed: int
    faults: str
    leads: int
    seconds: int
    late: float | None

    @property
    def name(self) -> str:
        """For people, and for the files of the run."""
        return f"{self.faults}-{self.seed}"


class Verdicts:
    """What came of the runs of one commit; kept in a file, one line of JSON for each run."""

    def __init__(self, folder: Path, commit: str) -> None:
        self._file, self._commit = folder / "verdicts.jsonl", commit
        self.of: dict[ChaosRun, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                found = json.loads(line)
                if found["commit"] == commit:
                    self.of[ChaosRun(**found["run"])] = found

    def keep(self, run: ChaosRun, **what: Any) -> None:
        """Write down what came of a run, at once."""
        when = datetime.now(UTC).isoformat(timespec="seconds")
        self.of[run] = {"run": asdict(run), "commit": self._commit, "ended": when, **what}
        with self._file.open("a") as lines:
            lines.write(json.dumps(self.of[run]) + "\n")

    def settled(self, run: ChaosRun) -> bool:
        """Whether it is known if this run kept every promise."""
        return run in self.of and self.of[run]["exit"] in (0, 1)


class Campaign:
    """The runs that are left, some at once."""

    def __init__(self, folder: Path, verdicts: Verdicts, until: datetime | None) -> None:
        self._folder, self._verdicts, self._until = folder, verdicts, until

    async def make(self, runs: list[ChaosRun], at_once: int) -> None:
        """Make those that have no verdict. What runs is ended if this is cancelled."""
        left = [run for run in runs if not self._verdicts.settled(run)]
        _say(f"{len(runs) - len(left)} of {len(runs)} runs have a verdict, {len(left)} are left")
        async with asyncio.TaskGroup() as places:
            for _ in range(at_once):
                places.create_task(self._make_one_by_one(left))

    async def _make_one_by_one(self, left: list[ChaosRun]) -> None:
        while left and not (self._until and datetime.now(UTC) >= self._until):
            await self._make_one(left.pop(0), left)

    async def _make_one(self, run: ChaosRun, left: list[ChaosRun]) -> None:
        sizes = ("--leads", str(run.leads), "--seconds", str(run.seconds))
        late = ("--late", str(run.late)) if run.late is not None else ()
        keep = ("--keep", str(self._folder / run.name))
        began, report = monotonic(), self._folder / f"{run.name}.txt"
        with report.open("wb") as printed:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos", str(run.seed), "--faults", run.faults),
                *(*sizes, *late, *keep),
                cwd=ROOT,
                stdout=printed,
                stderr=printed,
            )
            try:
                status = await process.wait()
            except asyncio.CancelledError:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()  # it ends its servers
                await process.wait()
                raise
        text = report.read_text(errors="replace").strip()
        said = (text.splitlines() or ["nothing was printed"])[-1]
        took = round(monotonic() - began)
        self._verdicts.keep(run, exit=status, said=said, seconds=took, load=os.getloadavg()[0])
        _say(f"seed {run.seed}, {run.faults}: {said}; {len(left)} wait")
        if status:
            _say(text)


def _say(text: str) -> None:
    """Progress goes to standard error, so that standard output can be read by a program."""
    print(text, file=sys.stderr, flush=True)


def _summary(runs: list[ChaosRun], verdicts: Verdicts) -> dict[str, Any]:
    made = [verdicts.of[run] for run in runs if run in verdicts.of]
    ends = Counter(one["exit"] for one in made)
    return {
        "runs": len(runs),
        "kept": ends[0],
        "broken": ends[1],
        "without a verdict": len(runs) - ends[0] - ends[1],
        "verdicts": made,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.campaign",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=20, help="from 1 to this one")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=FAULTS)
    parser.add_argument("--leads", type=int, default=120)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--late", type=float, help="seconds that a breach may come late")
    parser.add_argument("--at-once", type=int, default=1, help="runs side by side")
    parser.add_argument("--until", type=time.fromisoformat, help="begin no run after HH:MM, in UTC")
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "chaos")
    parser.add_argument("--json", action="store_true", help="print the verdicts as one document")
    return parser.parse_args()


def commit_of_this() -> str:
    """The commit of this checkout; nothing where there is no git."""
    asked = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


async def _interruptible(making: asyncio.Task[None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, making.cancel)
    try:
        await making
    except asyncio.CancelledError:
        _say("interrupted: give the same command again, and it goes on with the runs that are left")


async def main() -> int:
    """Make the runs that are left; 0 if all have a verdict and kept every promise."""
    asked = _options()
    runs = [
        ChaosRun(seed, faults, asked.leads, asked.seconds, asked.late)
        for seed in range(1, asked.seeds + 1)
        for faults in asked.faults
    ]
    folder = asked.keep.resolve()
    verdicts = Verdicts(folder, commit_of_this())
    now = datetime.now(UTC)
    until = datetime.combine(now, asked.until, UTC) if asked.until else None
    campaign = Campaign(folder, verdicts, until)
    await _interruptible(asyncio.create_task(campaign.make(runs, asked.at_once)))
    found = _summary(runs, verdicts)
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        print(
            f"of {found['runs']} runs {found['kept']} kept every promise, {found['broken']} broke"
            f" one, {found['without a verdict']} have no verdict yet ({folder}/verdicts.jsonl)"
        )
    if found["broken"]:
        return 1
    return 2 if found["without a verdict"] else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
