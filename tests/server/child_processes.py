"""A leadflow in a folder: embedded server, mail catcher, database, a worker as a child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from temporalio.client import Client

from adapters.delivery.catcher import Catcher, messages
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from adapters.temporal.embedded import EmbeddedServer
from assembly.settings import Settings
from models.envelopes import ProgramClock
from models.program.program import Program
from models.tables.columns import table_of
from models.tables.leads import TimelineEntry
from tests.waiting import LIMIT, until

ROOT = Path(__file__).resolve().parents[2]
_E = table_of(TimelineEntry)


class Site:
    """One leadflow with its own files. `on_mail` is called in the catcher's thread."""

    def __init__(self, home: Path, database_url: str = "") -> None:
        self.home = home
        self.on_mail: Callable[[EmailMessage], None] = lambda _mail: None
        self.catcher = Catcher(home / "mail", 0, self._arrived)
        self.settings = Settings(home=home, database_url=database_url)
        self.worker: subprocess.Popen[bytes] | None = None
        self.server: EmbeddedServer
        self.client: Client
        self.clock: ProgramClock
        self.database: Database
        self.program: Program
        self.leads: Leads

    def _arrived(self, mail: EmailMessage) -> None:
        self.on_mail(mail)

    async def serve(self, port: int = 0) -> None:
        """Start the server, on the given port, or on a free one."""
        self.server = EmbeddedServer(self.home, port=port, ui_port=0)
        self.client = await self.server.start()
        monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
        self.clock = ProgramClock(wall=datetime.now(UTC), program=monday, speed=1)
        self.leads = Leads(self.client, SqlJournal(self.database), clock=self.clock)

    def now(self) -> datetime:
        """The instant on the clock of leads that are created now."""
        return self.clock.now(datetime.now(UTC))

    async def work(self) -> None:
        """Start a worker and wait until it is ready."""
        log = self.home / f"worker-{datetime.now(UTC).timestamp()}.log"
        settings = {
            "TEMPORAL_ADDRESS": self.server.address,
            "LEADFLOW_HOME": str(self.home),
            "LEADFLOW_DATABASE_URL": self.settings.database_url,
            "LEADFLOW_SMTP_PORT": str(self.catcher.port),
        }
        self.worker = _python("worker.py", settings, log)
        await until(lambda: "worker ready" in log.read_text())

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int | None:
        """End the worker; its exit status."""
        if self.worker is None:
            return None
        self.worker.send_signal(how)
        status = self.worker.wait(LIMIT)
        self.worker = None
        return status

    def entries_of(self, lead: str, kind: str) -> list[dict[str, Any]]:
        """The fields of the entries of one kind on a lead's timeline."""
        query = sa.select(_E.c.fields).where(_E.c.lead == lead, _E.c.kind == kind)
        with self.database.read() as connection:
            return [dict(one) for one in connection.scalars(query.order_by(_E.c.seq))]

    def mailbox(self, address: str) -> list[str]:
        """The subjects of all mails to one address."""
        return [str(one["Subject"]) for one in messages(self.home / "mail") if one["To"] == address]

    async def create_lead(self, lead: str) -> None:
        """Create a lead who gets the mail `welcome` at once."""
        profile = {"email": f"{lead}@northwind.example", "employees": 900}
        assert await self.leads.enrol(lead, self.program, profile)


def _python(script: str, settings: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    command, env = [sys.executable, str(ROOT / script)], os.environ | settings
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)


@asynccontextmanager
async def running_site(home: Path, database_url: str = "") -> AsyncIterator[Site]:
    """A site that is up; all its children are gone when the block ends."""
    site = Site(home, database_url)
    migrate(site.settings.database)
    site.database = open_database(site.settings.database)
    site.program = read_program(ROOT / "programs" / "acme.yaml")
    SqlPrograms(site.database).publish(site.program)
    SqlDirectory(site.database).apply(read_directory(ROOT / "programs" / "teams.yaml"))
    with site.catcher:
        try:
            await site.serve()
            await site.work()
            yield site
        finally:
            site.kill()
            site.server.stop()
            site.database.close()
