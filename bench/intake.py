"""Events a second through the intake, beside a FastAPI endpoint that only stores.

Both are servers of one process, asked by the same clients over kept connections, by turns in
one run: once with one event a request, once with a hundred.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx

from activities.ports import Fence
from adapters.files.program import read_program
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import migrate, open_database
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from assembly.settings import Settings
from bench.mail import PROGRAMS
from lifecycle.decide import new_lead
from models.decision import Decision
from models.envelopes import Json
from models.program.program import Program

CLIENTS = 8
ROUNDS = 3
_REQUESTS = {1: 400, 100: 24}
"""Requests of a round, by the events in one."""
_LEADS = 500
_PATIENCE = 20.0
_START = datetime(2026, 3, 2, 14, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IntakeBench:
    """Events a second."""

    leadflow: float
    bare: float

    @property
    def ratio(self) -> float:
        """How much of the bare endpoint's throughput the intake has."""
        return self.leadflow / self.bare


async def measure(home: Path, events: int) -> IntakeBench:
    """Post rounds of requests with so many events each, by turns."""
    took = {"leadflow": 0.0, "bare": 0.0}
    numbers = count()
    key = _prepared(home / "leadflow"), _prepared(home / "bare")
    with _server("leadflow", home) as leadflow, _server("bare", home) as bare:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key[0]}"}) as http:
            for number in range(ROUNDS + 1):
                for side, url in (("leadflow", leadflow), ("bare", bare)):
                    seconds = await _round(http, url, events, numbers)
                    if number:  # the first round warms both up
                        took[side] += seconds
    posted = ROUNDS * _REQUESTS[events] * events
    return IntakeBench(leadflow=posted / took["leadflow"], bare=posted / took["bare"])


def _prepared(home: Path) -> str:
    """A database with a program and a key; the key."""
    settings = Settings(home=home)
    migrate(settings.database)
    database = open_database(settings.database)
    try:
        program = read_program(PROGRAMS / "acme.yaml")
        SqlPrograms(database).publish(program)
        journal = SqlJournal(database)
        for number in range(_LEADS):
            journal.record(_lead(number, program), Fence(run=1, length=1), _START)
        return SqlApiKeys(database).make("bench", ["leads:write", "events:write"])
    finally:
        database.close()


def _lead(number: int, program: Program) -> Decision:
    """The first turn of a lead that events will be about."""
    profile = {"email": f"lead{number}@prospect.example"}
    state = new_lead(f"lead-{number}", program).changed(
        turn=1, at=_START, created=_START, since=_START, profile=profile
    )
    return Decision(state=state)


@contextmanager
def _server(side: str, home: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    folder = str(home / side)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.intake_apps", side, folder, str(port)],
        cwd=PROGRAMS.parent,
    )
    try:
        limit = time.monotonic() + _PATIENCE
        while time.monotonic() < limit:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/v1/events"
    finally:
        process.terminate()
        process.wait()


async def _round(http: httpx.AsyncClient, url: str, events: int, numbers: count[int]) -> float:
    bodies: list[Json] = [
        {
            "events": [
                {
                    "id": f"e{(number := next(numbers))}",
                    "type": "page.viewed",
                    "lead": f"lead-{number % _LEADS}",
                    "subject": "/pricing",
                    "data": {"from": "search"},
                }
                for _ in range(events)
            ]
        }
        for _ in range(_REQUESTS[events])
    ]

    async def client(mine: list[Json]) -> None:
        for body in mine:
            answer = await http.post(url, json=body)
            answer.raise_for_status()
            if '"rejected"' in answer.text:
                raise RuntimeError(f"an event of the bench was refused: {answer.text[:300]}")

    begun = time.monotonic()
    await asyncio.gather(*(client(bodies[place::CLIENTS]) for place in range(CLIENTS)))
    return time.monotonic() - begun
