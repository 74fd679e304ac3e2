"""Random lives on a real server under faults: does every history replay? `make determinism`.

Two workers that keep one lead in memory each (so that every wake is a replay) are killed and
stopped at random; their database is slow at random, now and then slower than a turn may be. People
post events and act, by updates and signals; engineers reset and terminate. Then every run of every
lead is replayed under both runners, and each act that was answered as done must be on the timeline
once.

A seed decides what is done, not how the machine schedules it.

The file is long because the command stands alone, with the people and faults that it plays.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from temporalio.client import Client, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from activities.ports import Fence, Payload, StoredLead, Taken
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import LeadNotFoundError, Leads, TemporalUnavailableError, workflow_id
from adapters.temporal.connection import connect_to
from adapters.temporal.embedded import EmbeddedServer
from assembly.process import leave
from assembly.queues import working
from assembly.sandbox import sandbox
from assembly.settings import Settings
from assembly.world import open_world
from models.decision import Decision
from models.envelopes import ProgramClock
from models.program.program import Program
from models.refusal import RefusedError
from tests.fakes import FakeMailer
from workflows.lead import LeadWorkflow

ROOT = Path(__file__).resolve().parents[2]
MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
SPEED = 10_000
AT_ONCE = 60
ANSWERED_SECONDS = 8.0
"""How long a person who acts waits. After that, it is unknown whether the act was done."""
WORKERS = 2
RILEY, MORGAN = "riley@acme.example", "morgan@acme.example"


class RandomlySlowJournal(SqlJournal):
    """Stores turns slowly. It waits before or after storing, sometimes longer than a turn may."""

    def __init__(self, database: Database, chance: random.Random) -> None:
        super().__init__(database)
        self._chance = chance

    def record(
        self,
        decision: Decision,
        fence: Fence,
        now: datetime,
        *,
        taken: Sequence[Taken] = (),
        asked: Sequence[Payload] = (),
        addresses: Collection[str] = (),
    ) -> StoredLead | None:
        """Store a turn, slowly."""
        draw = self._chance.random()
        slow = 11.0 if draw < 0.01 else self._chance.uniform(0, 3) if draw < 0.1 else 0.0
        before = self._chance.random() < 0.5
        time.sleep(slow if before else 0)
        try:
            return super().record(
                decision, fence, now, taken=taken, asked=asked, addresses=addresses
            )
        finally:
            time.sleep(0 if before else slow)


async def work(address: str, seed: int) -> None:
    """Be a worker until killed."""
    settings = Settings()
    client = await connect_to(address)
    with open_world(settings) as world:
        database = open_database(settings.database)
        slow = dataclasses.replace(
            world,
            journal=RandomlySlowJournal(database, random.Random(seed)),  # noqa: S311 - no secret
            mailer=FakeMailer(),
            alerts=FakeMailer(),
        )
        async with working(client, settings, slow):
            await asyncio.Event().wait()


@dataclass
class Trial:
    """One server, its workers, and the leads that live there."""

    home: Path
    chance: random.Random
    client: Client
    server: EmbeddedServer
    database: Database
    program: Program
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    """Notes that were answered as done, by their text."""
    faults: Counter[str] = field(default_factory=Counter)
    starts: int = 0

    def start(self) -> subprocess.Popen[bytes]:
        """One more worker."""
        self.starts += 1
        env = {
            **os.environ,
            "LEADFLOW_HOME": str(self.home),
            "LEADFLOW_DATABASE_URL": f"sqlite:///{self.home / 'leadflow.db'}",
            "LEADFLOW_LEADS_IN_MEMORY": "1",
        }
        seed = str(self.chance.randrange(10**9))
        command = [sys.executable, str(Path(__file__)), "--worker", self.server.address]
        with (self.home / "workers.log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--seed", seed], cwd=ROOT, env=env, stdout=log, stderr=log
            )

    async def disturb(self) -> None:
        """Kill or stop a worker, again and again."""
        while True:
            await asyncio.sleep(self.chance.uniform(4, 20))
            place = self.chance.randrange(WORKERS)
            worker = self.workers[place]
            if self.chance.random() < 0.6:
                self.faults["killed"] += 1
                worker.kill()
                await asyncio.to_thread(worker.wait)
                self.workers[place] = self.start()
            else:
                self.faults["stopped"] += 1
                worker.send_signal(signal.SIGSTOP)
                try:
                    await asyncio.sleep(self.chance.uniform(1, 12))
                finally:
                    worker.send_signal(signal.SIGCONT)

    async def live(self, lead: str, steps: int) -> None:
        """One life: random steps."""
        chance = random.Random(f"{self.chance.random()}-{lead}")  # noqa: S311 - no secret
        clock = ProgramClock(wall=datetime.now(UTC), program=MONDAY, speed=SPEED)
        leads = Leads(self.client, SqlJournal(self.database), clock=clock)
        profile = {"email": f"{lead}@northwind.example", "employees": chance.choice((20, 900))}
        await leads.enrol(lead, self.program, profile)
        for step in range(steps):
            await asyncio.sleep(chance.uniform(0, 1.2))
            with contextlib.suppress(
                RefusedError,
                ValueError,
                TemporalUnavailableError,
                LeadNotFoundError,
                RPCError,
                WorkflowUpdateFailedError,
                TimeoutError,
            ):
                async with asyncio.timeout(ANSWERED_SECONDS):
                    await self.step(leads, lead, f"{lead}-{step}", chance)

    async def step(self, leads: Leads, lead: str, name: str, chance: random.Random) -> None:
        """One thing that happens to a lead."""
        handle, draw = self.client.get_workflow_handle(workflow_id(lead)), chance.random()
        if draw < 0.35:
            kinds = [("page.viewed", "/pricing"), ("form.submitted", "demo"), ("x", "malformed")]
            kind, subject = chance.choices(kinds, (8, 3, 1))[0]
            event = {"id": name, "type": kind, "subject": subject}
            await leads.events(lead, [event] * chance.choice((1, 1, 2)))
        elif draw < 0.65:
            await leads.act(lead, "note", {"by": MORGAN, "note": name, "id": name})
            self.done[name] += 1
        elif draw < 0.85:
            more = {"touch": {"channel": "call"}, "recycle": {"reason": "not_now"}}
            do = chance.choice(("accept", "accept", "touch", "qualify", "recycle"))
            await leads.act(lead, do, {"by": RILEY, "id": name, **more.get(do, {})})
        elif draw < 0.96:
            note: Any = {"by": MORGAN, "note": f"{name}-signal", "id": name}
            await handle.signal("note", chance.choice((note, note, "nonsense")))
        elif draw < 0.98:
            self.faults["terminated"] += 1
            await handle.terminate()
        else:
            self.faults["reset"] += 1
            await self.reset(lead)

    async def reset(self, lead: str) -> None:
        """Reset a lead to its last workflow task but some."""
        temporal = str(Path(sys.executable).with_name("temporal"))
        where = ("-w", workflow_id(lead), "--address", self.server.address, "--reason", "trial")
        kind = self.chance.choice(("FirstWorkflowTask", "LastWorkflowTask"))
        command = (temporal, "workflow", "reset", *where, "--type", kind)
        await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)

    async def histories(self, leads: Sequence[str]) -> AsyncIterator[WorkflowHistory]:
        """Every run of these leads."""
        for lead in leads:
            query = f"WorkflowId = '{workflow_id(lead)}'"
            async for run in self.client.list_workflows(query):
                handle = self.client.get_workflow_handle(run.id, run_id=run.run_id)
                history = await handle.fetch_history()
                if len(history.events) > 2:  # the replayer hangs on a run that no worker saw
                    yield history

    def wrong(self, leads: Sequence[str]) -> list[str]:
        """What is wrong on the timelines: lost or repeated notes, gaps."""
        found = []
        with self.database.read() as connection:
            for lead in leads:
                rows = connection.execute(
                    sa.text(
                        "SELECT seq, kind, fields FROM entries WHERE lead = :lead ORDER BY seq"
                    ),
                    {"lead": lead},
                ).all()
                if [row.seq for row in rows] != list(range(1, len(rows) + 1)):
                    found.append(f"{lead}: its timeline has gaps")
                recorded = "\n".join(str(row.fields) for row in rows if row.kind == "noted")
                notes = {one: recorded.count(f'"{one}"') for one in self.done if _of(one) == lead}
                found += [
                    f"{lead}: the note {name} stands {count} times"
                    for name, count in notes.items()
                    if count != 1
                ]
        return found


def _of(name: str) -> str:
    """The lead that a note is of."""
    return name.rpartition("-")[0]


@contextlib.asynccontextmanager
async def running_trial(home: Path, seed: int) -> AsyncIterator[Trial]:
    """A trial with its server and workers; all is ended when the block ends."""
    url = f"sqlite:///{home / 'leadflow.db'}"
    migrate(url)
    database = open_database(url)
    program = read_program(ROOT / "programs" / "acme.yaml")
    SqlPrograms(database).publish(program)
    SqlDirectory(database).apply(read_directory(ROOT / "programs" / "teams.yaml"))
    options = ("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=80")
    server = EmbeddedServer(home, port=0, ui_port=0, options=options)
    client = await server.start()
    chance = random.Random(seed)  # noqa: S311 - no secret
    trial = Trial(home, chance, client, server, database, program)
    try:
        trial.workers += [trial.start() for _ in range(WORKERS)]
        yield trial
    finally:
        for worker in trial.workers:
            worker.kill()
            worker.wait()
        server.stop()
        database.close()


async def failed_replays(histories: Sequence[WorkflowHistory], keep: Path | None) -> list[str]:
    """The histories that do not replay, each with why."""
    failed = []
    for name, runner in (("sandbox", sandbox()), ("plain", UnsandboxedWorkflowRunner())):
        replayer = Replayer(
            workflows=[LeadWorkflow],
            workflow_runner=runner,
            data_converter=pydantic_data_converter,
            debug_mode=True,  # a busy machine may hold a replay up for two seconds
        )
        for history in histories:
            result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
            if result.replay_failure is None:
                continue
            failed.append(f"{history.workflow_id} ({name}): {str(result.replay_failure)[:300]}")
            if keep is not None:
                file = f"{history.workflow_id.replace('/', '-')}-{uuid.uuid4().hex[:6]}.json"
                (keep / file).write_text(history.to_json())
    return failed


def _without_given_up_calls(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say what asyncio says, but not of the client's calls that nobody waits for any more."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def trial(lives: int, seed: int, *, steps: int = 25, keep: Path | None = None) -> list[str]:
    """Play so many leads. Returns what was wrong."""
    asyncio.get_running_loop().set_exception_handler(_without_given_up_calls)
    wrong: list[str] = []
    runs, events, began = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="leadflow-lives-") as folder:
        async with running_trial(Path(folder), seed) as one:
            for first in range(0, lives, AT_ONCE):
                leads = [f"l{number}" for number in range(first, min(first + AT_ONCE, lives))]
                disturbing = asyncio.create_task(one.disturb())
                await asyncio.gather(*(one.live(lead, steps) for lead in leads))
                disturbing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await disturbing
                histories = [history async for history in one.histories(leads)]
                runs += len(histories)
                events += sum(len(history.events) for history in histories)
                found = await failed_replays(histories, keep) + one.wrong(leads)
                wrong += found
                # At once, so that a command that is interrupted has said what it found.
                print(*found, sep="\n", end="\n" if found else "")  # noqa: T201
                print(  # noqa: T201 - a command that takes long says how far it is
                    f"{leads[-1]}: {runs} runs, {events} events, {len(wrong)} wrong,"
                    f" {dict(one.faults)}, {time.monotonic() - began:.0f} s",
                    flush=True,
                )
    return wrong


def main() -> int:
    """Read the command line; 1 if a history did not replay or a timeline was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=2_000)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for histories that do not replay")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        asyncio.run(work(asked.worker, asked.seed))
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    wrong = asyncio.run(trial(asked.lives, asked.seed, steps=asked.steps, keep=asked.keep))
    return min(1, len(wrong))


if __name__ == "__main__":
    leave(main())
