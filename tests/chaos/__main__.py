"""Many faults in a row: leads live on a fast clock while parts are killed, stopped and cut off.

    python -m tests.chaos SEED [--faults kill|mail|database|all|postgres|operations|none]
        [--leads N] [--seconds S] [--speed X] [--late S] [--plant] [--keep DIR] [--older CHECKOUT]

Then auditor.py says whether every promise holds. A single fault does not show what faults in a
row do. The seed decides what is done and which faults come; it does not decide how the machine
schedules it. A run takes S + 60 seconds or so on a quiet machine, and is given up after S + 900:
at a load of 18 on two cores, S + 300 were not enough.
Exit status: 0 all promises hold, 1 one is broken, 2 it could not be tried.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from tests.chaos.auditor import audit
from tests.chaos.faults import EACH_ONCE, SETS, Faults
from tests.chaos.life import Life, patiently
from tests.chaos.planted import unfound
from tests.chaos.postgres import ChaosPostgres
from tests.chaos.processes import CannotRunError, becomes_true
from tests.chaos.snapshot import Lost, keep_stores, nothing_waits, read_all
from tests.chaos.stack import ChaosStack
from tests.chaos.trial import FaultError, run_trial

CAPACITY = {f"{name}@acme.example": 9 for name in ("riley", "sam", "tess", "uma")} | {
    f"{name}@acme.example": 5 for name in ("jonas", "karl")
}
"""As programs/teams.yaml says."""
_LAUNCH_SECONDS, _DAY_SECONDS = 300, 86_400
_ON_TIME_SECONDS, _BUSY = 5, 4
"""So late a breach may come outside faults; and from which load for each core nobody can tell."""
_NEVER_SECONDS = 20
"""A breach that is not there so long after its due instant, when all is quiet, never came."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("seed", type=int)
    parser.add_argument("--faults", choices=sorted(SETS), default="all")
    parser.add_argument("--leads", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--speed", type=float, default=60, help="how many times as fast leads live")
    parser.add_argument(
        "--late",
        type=float,
        help=f"seconds that a breach may come late outside faults: {_ON_TIME_SECONDS}, or on a"
        " machine that is busy with other work as many as it takes",
    )
    parser.add_argument(
        "--plant", action="store_true", help="plant faults in the sound stores, and find them"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        help="a folder for histories that do not replay, and for the tables of a broken run",
    )
    parser.add_argument(
        "--older",
        type=Path,
        help="with operations: a checkout of an older release, to upgrade from",
    )
    return parser.parse_args()


class _Run:
    def __init__(self, options: argparse.Namespace, postgres: ChaosPostgres | None) -> None:
        self._options = options
        self._postgres = postgres
        self._happened: Counter[str] = Counter()
        self._lost: Lost | None = None
        self._faults: list[tuple[datetime, datetime]] = []
        self._took: dict[str, int] = {}

    async def check(self, stack: ChaosStack) -> str:
        """Live, be disturbed, and be audited. Raises FaultError for broken promises."""
        asked = self._options
        if asked.older is not None:
            stack.runs_from(asked.older.resolve())
        with self._phase("start"):
            await stack.start()
        stack.mode("crm", "flaky")
        life = Life(stack, asked.seed, asked.leads, asked.seconds)
        with self._phase("live"):
            await life.run(asked.speed, lambda: self._disturb(stack, life))
            load = os.getloadavg()[0]
        if not life.acts:
            raise CannotRunError("nobody acted: the machine was too slow for this")
        with self._phase("come to rest"):
            if stack.restored:
                await _touched(stack, life)
            await nothing_waits(stack)
        with self._phase("be read"):
            seen = await read_all(stack, life, asked.keep, self._lost)
        seen.capacity, seen.faults = CAPACITY, self._faults
        seen.late = timedelta(seconds=_NEVER_SECONDS * asked.speed)
        seen.on_time = timedelta(seconds=_on_time(asked.late, load) * asked.speed)
        found = audit(seen)
        found.notes["seconds"] = self._took
        for name, value in found.notes.items():
            print(f"  {name}: {value}")
        for complaint in found.complaints:
            print(f"  BROKEN {complaint}")
        after = f"{self._happened.total()} faults ({asked.faults}, seed {asked.seed})"
        summary = f"{len(found.complaints)} promises broken after {after}"
        if found.complaints:
            if asked.keep is not None:
                await asyncio.to_thread(keep_stores, stack, asked.keep / "stores")
            raise FaultError(summary)
        if asked.plant and (missed := await asyncio.to_thread(unfound, stack, seen)):
            raise FaultError(f"planted, and not found by the auditor: {', '.join(missed)}")
        return f"{summary}; each planted fault was found" if asked.plant else summary

    @contextlib.contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        """Note how many seconds a part of the run takes."""
        began = time.monotonic()
        yield
        self._took[name] = round(time.monotonic() - began)

    async def _disturb(self, stack: ChaosStack, life: Life) -> None:
        chance, names = life.chance("faults"), SETS[self._options.faults]
        faults = Faults(stack, chance, self._postgres)
        await asyncio.sleep(6)
        # A lead that Temporal does not know any more would be revived on the wall clock.
        await becomes_true(lambda: life.launched, _LAUNCH_SECONDS)
        order = chance.sample(names, len(names))
        once, over = self._options.faults in EACH_ONCE, []
        while order and (once or life.left() > 10):
            name = order.pop()
            self._happened[name] += 1
            print(f"  {self._options.seconds - life.left():4.0f} s {name}", flush=True)
            began = life.now()
            await faults.happen(name)
            self._lost = faults.lost
            over.append(asyncio.create_task(self._is_over(stack, life, began)))
            await asyncio.sleep(chance.uniform(2, 5))
            if not order and not once:
                order = chance.sample(names, len(names))
        await asyncio.gather(*over)

    async def _is_over(self, stack: ChaosStack, life: Life, began: datetime) -> None:
        """Note a fault as soon as a lead answers again: a worker needs some seconds to start."""
        await stack.somebody_answers(life.leads)
        self._faults.append((began, life.now()))


def _on_time(asked: float | None, load: float) -> float:
    """How many seconds late a breach may come: any number if other work has the machine.

    `load` is that of the last minute of the leads' lives, not that of the audit after it.
    """
    if asked is not None:
        return asked
    cores = os.cpu_count() or 1
    if load <= _BUSY * cores:
        return _ON_TIME_SECONDS
    print(f"  how late breaches are is not judged: the load was {load:.0f} on {cores} cores")
    return _DAY_SECONDS


async def _touched(stack: ChaosStack, life: Life) -> None:
    """Let each lead take a turn: a quiet one lies behind its row until it wakes."""
    for lead in life.leads:
        await patiently(partial(stack.leads.program, lead, {"do": "resume"}))


def main() -> None:
    """Make one run and leave with its exit status."""
    options = _options()
    postgres = None
    if options.faults == "postgres":
        try:
            postgres = ChaosPostgres()
        except (ImportError, OSError, RuntimeError) as error:
            print(f"could not run: no PostgreSQL ({error})")
            sys.exit(2)
    run_trial(
        _Run(options, postgres).check,
        limit=options.seconds + 900,
        patience=1,
        crm=True,
        database=postgres.url if postgres else "",
        finally_=postgres.remove if postgres else lambda: None,
    )


if __name__ == "__main__":
    main()
