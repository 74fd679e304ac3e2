"""What a chaos run breaks; each fault is over when its method returns."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
from pathlib import Path

from tests.chaos.postgres import ChaosPostgres
from tests.chaos.processes import ROOT, CannotRunError, becomes_true
from tests.chaos.snapshot import Lost, restored
from tests.chaos.stack import ChaosStack

SETS: dict[str, tuple[str, ...]] = {
    "none": (),
    "kill": ("worker_killed", "gateway_killed", "temporal_killed", "worker_killed_thrice"),
    "mail": ("relay_silent", "relay_flaky", "relay_cut", "relay_killed"),
    "database": ("database_locked", "worker_stands_still", "workers_overlap", "worker_killed"),
    "postgres": (
        "postgres_stopped",
        "postgres_crashed",
        "postgres_cut",
        "worker_killed",
        "worker_stands_still",
    ),
    "operations": ("upgraded", "temporal_restored", "database_restored"),
    "short": ("worker_killed", "upgraded", "temporal_restored"),
}
EACH_ONCE = ("operations", "short")
"""Sets of which each fault happens once, also if the machine is slow; of others, as many as fit."""
SETS["all"] = tuple(
    sorted({*SETS["kill"], *SETS["mail"], *SETS["database"]} - {"worker_killed_thrice"})
)


class Faults:
    """Faults for one stack; how long they last is up to `chance`."""

    def __init__(
        self, stack: ChaosStack, chance: random.Random, postgres: ChaosPostgres | None
    ) -> None:
        self.stack, self.chance, self._postgres = stack, chance, postgres
        self.lost: Lost | None = None
        """What went with a database in whose place an older one was put."""

    async def happen(self, name: str) -> None:
        """Let this fault happen."""
        await getattr(self, name)()

    async def worker_killed(self) -> None:
        self.stack.kill("worker")
        await asyncio.sleep(self.chance.uniform(0.2, 6))
        self.stack.worker()

    async def worker_killed_thrice(self) -> None:
        for _ in range(3):
            self.stack.kill("worker")
            self.stack.worker()
            await asyncio.sleep(self.chance.uniform(2.5, 4))

    async def gateway_killed(self) -> None:
        self.stack.kill("gateway")
        await asyncio.sleep(self.chance.uniform(0.2, 4))
        await asyncio.to_thread(self.stack.gateway)

    async def temporal_killed(self) -> None:
        self.stack.kill("temporal")
        await asyncio.sleep(self.chance.uniform(0.5, 4))
        self.stack.temporal()

    async def relay_killed(self) -> None:
        self.stack.kill("relay")
        await asyncio.sleep(self.chance.uniform(1, 6))
        self.stack.relay()

    async def relay_silent(self) -> None:
        await self._relay_is("silent")

    async def relay_flaky(self) -> None:
        await self._relay_is("flaky")

    async def relay_cut(self) -> None:
        await self._relay_is("cut")

    async def _relay_is(self, mode: str) -> None:
        self.stack.mode("relay", mode)
        await asyncio.sleep(15)
        self.stack.mode("relay", "ok")

    async def database_locked(self) -> None:
        """Another process holds SQLite's one lock for 12 seconds."""
        with sqlite3.connect(
            self.stack.home / "leadflow.db", isolation_level=None, timeout=30
        ) as other:
            other.execute("begin immediate")
            await asyncio.sleep(12)
            other.execute("rollback")
        other.close()

    async def worker_stands_still(self) -> None:
        """A worker is taken for dead and replaced; then it goes on where it stood."""
        self.stack.kill("worker", signal.SIGSTOP)
        self.stack.worker("successor")
        await asyncio.sleep(20)
        self.stack.kill("worker", signal.SIGCONT)
        await asyncio.sleep(4)
        await self._succeed(signal.SIGTERM)

    async def workers_overlap(self) -> None:
        self.stack.worker("successor")
        await asyncio.sleep(8)
        await self._succeed(signal.SIGKILL)

    async def _succeed(self, how: signal.Signals) -> None:
        await asyncio.to_thread(self.stack.kill, "worker", how)
        self.stack.running["worker"] = self.stack.running.pop("successor")

    async def upgraded(self) -> None:
        """A rolling upgrade as docs/upgrading.md says: migrate, set up, replace one by one.

        What ran before is an older release if the run has one (`--older`), else this one.
        """
        self.stack.runs_from(ROOT)
        await self._leadflow("database", "upgrade")
        await self._leadflow("temporal", "setup", tries=3)
        self.stack.worker("successor")
        await asyncio.sleep(8)
        await self._succeed(signal.SIGTERM)
        await asyncio.to_thread(self.stack.kill, "gateway", signal.SIGTERM)
        await asyncio.to_thread(self.stack.gateway)

    async def _leadflow(self, *words: str, tries: int = 1) -> None:
        """Run a command; again if Temporal or the database did not answer it in time.

        A negative answer (1) is one: `reconcile` says that something is left.
        """
        for _ in range(tries):
            done = await asyncio.to_thread(self.stack.leadflow, *words)
            if done.returncode == 0 or (done.returncode == 1 and words == ("reconcile",)):
                return
        raise CannotRunError(f"{' '.join(words)} failed: {done.stderr.strip()[-300:]}")

    async def temporal_restored(self) -> None:
        """Temporal's store is restored from a backup some seconds old, as docs/operations.md says.

        Seconds are minutes of the leads. The database stays as it is.
        """
        store, backup = self.stack.home / "temporal.db", self.stack.home / "temporal.backup"
        await asyncio.to_thread(_back_up, store, backup)
        await asyncio.sleep(self.chance.uniform(4, 8))
        for name in ("gateway", "worker", "temporal"):
            await asyncio.to_thread(self.stack.kill, name, signal.SIGTERM)
        for suffix in ("", "-wal", "-shm"):
            store.with_name(f"{store.name}{suffix}").unlink(missing_ok=True)
        backup.rename(store)
        self.stack.temporal()
        await becomes_true(self.stack.temporal_is_up, 60)
        self.stack.worker()
        await asyncio.to_thread(self.stack.gateway)
        # What leads had been told and no worker had taken is told again.
        await self._leadflow("reconcile", tries=3)
        self.stack.restored = True

    async def database_restored(self) -> None:
        """The database is restored from a backup some seconds old, as docs/operations.md says.

        Temporal's store stays as it is.
        """
        store, backup = self.stack.home / "leadflow.db", self.stack.home / "leadflow.backup"
        await asyncio.to_thread(_back_up, store, backup)
        await asyncio.sleep(self.chance.uniform(4, 8))
        for name in ("gateway", "worker"):
            await asyncio.to_thread(self.stack.kill, name, signal.SIGTERM)
        self.lost = await asyncio.to_thread(restored, self.stack, backup)
        self.stack.worker()
        await asyncio.to_thread(self.stack.gateway)
        self.stack.restored = True

    @property
    def postgres(self) -> ChaosPostgres:
        """The run's PostgreSQL. Raises CannotRunError without one."""
        if self._postgres is None:
            raise CannotRunError("this fault needs a PostgreSQL: --faults postgres")
        return self._postgres

    async def postgres_stopped(self) -> None:
        await asyncio.to_thread(self.postgres.stop)
        await asyncio.sleep(12)
        await asyncio.to_thread(self.postgres.start)

    async def postgres_crashed(self) -> None:
        await asyncio.to_thread(self.postgres.stop, signal.SIGQUIT)
        await asyncio.sleep(2)
        await asyncio.to_thread(self.postgres.start)

    async def postgres_cut(self) -> None:
        for _ in range(30):
            await asyncio.to_thread(self.postgres.cut)
            await asyncio.sleep(0.1)


def _back_up(store: Path, backup: Path) -> None:
    with sqlite3.connect(store, timeout=30) as live:
        live.execute("vacuum into ?", (str(backup),))
    live.close()
