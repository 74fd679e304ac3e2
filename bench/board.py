"""The board with many leads: how long each page takes, on SQLite or PostgreSQL.

`python -m bench.board DATABASE_URL [LEADS]` seeds the database by the rules and the journal, as the
worker does, unless it has as many leads already. Then it opens every page of the board a number of
times and prints the median and the 95th percentile, by the clock and of processor time. Processor
time is that of this process and of PostgreSQL's, so it says the same on a busy machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import os
import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from activities.ports import Fence
from adapters.delivery.smtp import SmtpMailer
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.mail.links import SignedLinks
from adapters.reports.leads import SqlReports
from adapters.sql.database import Database, migrate, open_database
from adapters.sql.desk_sessions import SqlDeskSessions
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.programs import SqlPrograms
from adapters.sql.sent_mail import SqlSentMail
from gateway.app import build_app
from lifecycle.decide import decide, new_lead
from lifecycle.program.rulebook import Rulebook, rulebook
from models.decision import AnyCommand, Assign, SendMail
from models.envelopes import MergeResult, MergeWork
from models.inputs import Created, Event, Input, Result
from models.instants import whole_second
from models.state import LeadState
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from usecases.context import Context

_PROGRAMS = Path(__file__).parents[1] / "programs"
_KIM = "kim@acme.example"
_SITE = "http://go.acme.example"
_PAGES = (
    "/board",
    "/board/programs/acme",
    "/board/not-moving",
    "/board/programs/acme/not-moving",
    "/board/programs/acme/change",
    "/board/changes",
    "/board/launches",
    "/board/leads?q=ana77",
    "/board/leads/lead-77",
)
_ROUNDS = 20
_COMPANIES = ("Northwind", "Contoso", "Fabrikam", "Tailspin", "Wingtip", "Litware")


class Seeding:
    """Makes leads that came over the last sixty days, a tenth of whom asked for sales."""

    def __init__(self, database: Database) -> None:
        self.program = read_program(_PROGRAMS / "acme.yaml")
        self._directory = SqlDirectory(database)
        people = read_directory(_PROGRAMS / "teams.yaml")
        self._directory.apply(people)
        self._people = people
        self._book: Rulebook = rulebook(self.program)
        self._journal = SqlJournal(database)
        self._now = whole_second(datetime.now(UTC))
        self._turns = 0
        SqlPrograms(database).publish(self.program, by=_KIM, note="the first version")

    def lead(self, number: int) -> None:
        """One lead: it comes, may do something, and its clocks run until now."""
        at = self._now - timedelta(minutes=number % 86_400)
        state = self.created(number, at)
        if number % 10 == 0:
            state = self._event(state, "form.submitted", "demo", at)
        elif number % 10 == 1:
            state = self._event(state, "email.bounced", "welcome", at, kind="hard")
        elif number % 10 == 2:
            state = self._event(state, "email.clicked", "welcome", at)
        self._turn(state, [], self._now)

    def created(self, number: int, at: datetime) -> LeadState:
        """One lead as it comes."""
        name = f"lead-{number}"
        profile = {
            "email": f"{name}@x{number % 5_000}.example",
            "first_name": f"Ana{number}",
            "last_name": "Smith",
            "company": f"{_COMPANIES[number % len(_COMPANIES)]} {number % 5_000}",
            "employees": 20 + number % 1_500,
            "country": "US",
        }
        state = new_lead(name, self.program)
        return self._turn(state, [Created(arrived=at, profile=profile)], at)

    def _event(
        self, state: LeadState, type_: str, subject: str, at: datetime, **data: Any
    ) -> LeadState:
        at += timedelta(hours=2)
        if at > self._now:
            return state
        event = Event(
            id=f"{state.lead}/{type_}", type=type_, subject=subject, at=at, arrived=at, data=data
        )
        return self._turn(state, [event], at)

    def _turn(self, state: LeadState, inputs: Sequence[Input], now: datetime) -> LeadState:
        waiting = list(inputs)
        while True:
            decision = decide(self._book, state, waiting, now, people=self._people)
            self._turns += 1
            if decision.entries or decision.state.turn != state.turn:
                self._journal.record(decision, Fence(run=1, length=self._turns), now)
            state = decision.state
            waiting = [one for command in decision.commands for one in _done(command)]
            if not waiting:
                return state


def _done(command: AnyCommand) -> list[Input]:
    if isinstance(command, SendMail):
        return [Result(arrived=command.at, key=command.key, outcome="sent")]
    if isinstance(command, Assign):
        owners = ("riley@acme.example", "sam@acme.example")
        chosen = owners[int(hashlib.sha256(command.key.encode()).hexdigest(), 16) % 2]
        return [Result(arrived=command.at, key=command.key, outcome="assigned", owner=chosen)]
    return []


def seed(database: Database, leads: int) -> None:
    """Bring the number of leads up to `leads`."""
    with database.read() as connection:
        there = connection.scalar(sa.select(sa.func.count()).select_from(table_of(LeadRow))) or 0
    if there >= leads:
        return
    seeding = Seeding(database)
    began = time.monotonic()
    for number in range(there, leads):
        seeding.lead(number)
        if number % 10_000 == 9_999:
            print(f"{number + 1} leads after {time.monotonic() - began:.0f} s", flush=True)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.execute(sa.text("ANALYZE"))


def board_app(database: Database) -> FastAPI:
    """The gateway's application on this database; nobody acts on leads here."""
    context = Context(
        database=database,
        intake=SqlIntake(database),
        journal=SqlJournal(database),
        people=SqlDirectory(database),
        reports=SqlReports(database),
        mailer=SmtpMailer(host="127.0.0.1", port=1),
        programs=SqlPrograms(database),
        mail_ledger=SqlMailLedger(database),
        sent=SqlSentMail(database),
        links=SignedLinks(public_url=_SITE, mail_domain="in.acme.example", secret="s" * 40),
        now=lambda: whole_second(datetime.now(UTC)),
    )
    return build_app(context, _Nobody())


class _Nobody:
    async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        raise NotImplementedError

    async def merge(self, work: MergeWork) -> MergeResult:
        raise NotImplementedError

    async def leave(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        raise NotImplementedError


async def measure(database: Database) -> None:
    """Open each page and the lists that its numbers link to, and print how long it took."""
    sessions = SqlDeskSessions(database)
    session = sessions.sign_in(sessions.invite(_KIM))
    transport = httpx.ASGITransport(board_app(database))
    async with httpx.AsyncClient(
        transport=transport, base_url=_SITE, cookies={"leadflow": session or ""}
    ) as http:
        paths = list(_PAGES)
        for page in _PAGES:
            shown = (await http.get(page)).raise_for_status().text
            paths += [html.unescape(one) for one in re.findall(r'"(/board/lists/[^"]+)"', shown)]
        for path in _one_of_a_kind(paths):
            spent, worked = [], []
            for _ in range(_ROUNDS):
                began, before = time.perf_counter(), _processor_time(database)
                (await http.get(path)).raise_for_status()
                spent.append((time.perf_counter() - began) * 1_000)
                worked.append((_processor_time(database) - before) * 1_000)
            print(f"{_figures(spent)}  {_figures(worked)}  {path}", flush=True)


def _figures(milliseconds: Sequence[float]) -> str:
    return f"{median(milliseconds):6.0f} {quantiles(milliseconds, n=20)[-1]:6.0f} ms"


def _processor_time(database: Database) -> float:
    """Seconds that this process and PostgreSQL's processes for it have worked."""
    if database.is_sqlite:
        return time.process_time()
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    with database.read() as connection:
        served = list(connection.scalars(sa.text(query)))
    ticks = 0
    for one in served:
        if (stat := Path(f"/proc/{one}/stat")).exists():
            ticks += sum(int(part) for part in stat.read_text().rpartition(")")[2].split()[11:13])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _one_of_a_kind(paths: Sequence[str]) -> list[str]:
    """One list of each figure: its other lists are shorter or take as long."""
    return list({path.partition("?")[0]: path for path in reversed(paths)}.values())[::-1]


def main() -> None:
    """Seed, then measure."""
    url, *more = sys.argv[1:]
    leads = int(more[0]) if more else 100_000
    migrate(url)
    database = open_database(url)
    seed(database, leads)
    print(f"{'median, p95':>16}  {'of processor time':>16}  page, with {leads} leads")
    asyncio.run(measure(database))


if __name__ == "__main__":
    main()
