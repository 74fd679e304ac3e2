"""A whole leadflow for one chaos trial: its processes, the ways to ask it, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from temporalio.client import Client

from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from adapters.temporal.connection import connect_to
from models.envelopes import ProgramClock
from models.program.program import Program
from tests.chaos.processes import HERE, CannotRunError, Processes, becomes_true

_PATIENT_SECONDS = 300
"""At a load of 30 on two cores a worker starts for two minutes."""
MANAGER = "morgan@acme.example"

TimelineRow = tuple[int, str, dict[str, Any]]
"""Number, kind, and fields with the event's id as `event`."""


def instant(value: str | datetime) -> datetime:
    """A column or a field as an instant in UTC."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def fields(value: str | dict[str, Any]) -> dict[str, Any]:
    """A JSON column, which SQLite gives as text."""
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


class ChaosStack(Processes):
    """The processes, a database with a published program, and a client."""

    db: Database
    program: Program
    key: str
    """An API key that may post leads and events."""
    client: Client
    leads: Leads
    restored = False
    """Whether a store was restored from an older backup."""
    clock: ProgramClock | None = None

    async def start(
        self, program: str = "hours.yaml", *, worker: bool = True, gateway: bool = True
    ) -> None:
        """Start everything on a new database and publish a program with its teams."""
        self.temporal()
        self.relay()
        if self.has_crm:
            self.crm()
        upgraded = self.leadflow("database", "upgrade")
        if upgraded.returncode:
            raise CannotRunError(f"the database can't be made: {upgraded.stderr.strip()[-200:]}")
        self.listens("temporal")
        self.listens("relay")
        if not await becomes_true(self.temporal_is_up, 30):
            raise CannotRunError("Temporal's development server is not up after 30 seconds")
        self.db = open_database(self.database)
        self.program = read_program(HERE / "programs" / program)
        SqlPrograms(self.db).publish(self.program)
        SqlDirectory(self.db).apply(read_directory(HERE / "programs" / "teams.yaml"))
        self.key = SqlApiKeys(self.db).make("trial", ["leads:write", "events:write"])
        self.client = await connect_to(f"127.0.0.1:{self.ports['temporal']}")
        self.leads = Leads(self.client, SqlJournal(self.db))
        if worker:
            self.worker()
        if gateway:
            self.gateway()

    def stop(self) -> None:
        """End what was started and remove the folder."""
        if hasattr(self, "db"):
            self.db.close()
        super().stop()

    def clocked(self, speed: float) -> Callable[[], datetime]:
        """Let leads enrolled from now on live so many times as fast; gives their clock."""
        began = datetime.now(UTC)
        self.clock = ProgramClock(wall=began, program=began, speed=speed)
        self.leads = Leads(self.client, SqlJournal(self.db), clock=self.clock)
        return lambda: self.program_time(datetime.now(UTC))

    def program_time(self, wall: datetime) -> datetime:
        """An instant by the leads' clock."""
        return self.clock.now(wall) if self.clock else wall

    def restore_database(self, backup: Path) -> None:
        """Put an older file in the place of leadflow's SQLite file; no process may have it open."""
        self.db.close()
        store = self.home / "leadflow.db"
        for suffix in ("", "-wal", "-shm"):
            store.with_name(f"{store.name}{suffix}").unlink(missing_ok=True)
        backup.rename(store)
        self.db = open_database(self.database)
        self.leads = Leads(self.client, SqlJournal(self.db), clock=self.clock)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for what a trial needs before it begins. Raises CannotRunError if it never comes."""
        if not await becomes_true(condition, _PATIENT_SECONDS):
            raise CannotRunError(f"{what}: not within {_PATIENT_SECONDS} seconds")

    async def somebody_answers(self, leads: Sequence[str]) -> None:
        """Wait until a worker is there, as far as one of these leads can tell.

        None is asked before: the worker would take the query together with the lead's next task,
        and the history might not replay (docs/runbooks/leads-in-temporal.md).
        """
        await becomes_true(lambda: self.said("worker", "worker ready"), _PATIENT_SECONDS)
        until = time.monotonic() + _PATIENT_SECONDS
        for lead in cycle(leads):
            with contextlib.suppress(Exception):  # no answer yet
                await asyncio.wait_for(self.leads.standing(lead), 10)
                return
            if time.monotonic() > until:
                return
            await asyncio.sleep(0.5)

    async def enrol(self, *leads: str) -> None:
        """Create leads that fit (300 employees)."""
        profiles = {lead: {"email": f"{lead}@x.example", "employees": 300} for lead in leads}
        await asyncio.gather(
            *(self.leads.enrol(lead, self.program, profile) for lead, profile in profiles.items())
        )

    async def raise_hand(self, lead: str) -> None:
        """Ask for a demo, which makes the lead an MQL with an owner."""
        event = {"id": f"raise-{lead}", "type": "form.submitted", "subject": "demo"}
        await self.leads.events(lead, [event])

    async def note(self, lead: str, text: str, seconds: float = 60) -> bool:
        """Whether the lead takes a note within so many seconds."""
        act = self.leads.act(lead, "note", {"by": MANAGER, "note": text})
        try:
            await asyncio.wait_for(act, seconds)
        except Exception as error:  # noqa: BLE001 - whatever keeps the lead from answering
            print(f"  {lead} takes no note: {type(error).__name__} {str(error)[:100]}")
            return False
        return True

    def post(
        self, path: str, body: object, key: str | None = None, seconds: float = 40
    ) -> tuple[int, dict[str, Any]]:
        """What the gateway answers."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['gateway']}/v1/{path}",
            data=json.dumps(body).encode(),
            headers={
                "content-type": "application/json",
                "authorization": f"Bearer {key or self.key}",
            },
        )
        try:
            with urllib.request.urlopen(asked, timeout=seconds) as answer:  # noqa: S310 - likewise
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")

    def admin_key(self) -> str:
        """A key that may act for anybody."""
        words = self.leadflow("key", "create", "admin", "--role", "admin").stdout.split()
        return next(word for word in words if word.startswith("lf_"))

    def rows(self, sql: str, **params: object) -> list[tuple[Any, ...]]:
        """Rows of leadflow's database."""
        with self.db.read() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql), params)]

    def count(self, sql: str, **params: object) -> int:
        """The one number that a statement gives."""
        return int(self.rows(sql, **params)[0][0])

    def timeline(self, lead: str, *kinds: str) -> list[TimelineRow]:
        """A lead's entries in order, all or those of these kinds."""
        sql = "select seq, kind, event, fields from entries where lead = :lead order by seq"
        entries = [
            (seq, kind, {"event": event} | fields(own))
            for seq, kind, event, own in self.rows(sql, lead=lead)
        ]
        return [one for one in entries if not kinds or one[1] in kinds]

    def mails(self) -> list[dict[str, Any]]:
        """What came through the relay's DATA, in order: at, message, to, kept."""
        return self._lines("relay.jsonl")

    def asked_contents(self) -> list[dict[str, Any]]:
        """Each time the relay asked for a mail's content: at, to. It need not have come."""
        return self._lines("contents.jsonl")

    def hung(self) -> list[dict[str, Any]]:
        """Each time the relay hung at a step: at, step, to."""
        return self._lines("hung.jsonl")

    def crm_events(self) -> list[dict[str, Any]]:
        """What the CRM received, in order: at, id, lead, type, seq, kind, taken."""
        return self._lines("crm.jsonl")

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.home / name
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()]
