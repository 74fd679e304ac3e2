"""What use cases work with: the adapters over one database, and the program's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from activities.meter import UNMETERED, Meter
from activities.ports import Mailer
from adapters.mail.links import SignedLinks
from adapters.reports.leads import SqlReports
from adapters.sql.arrivals import SqlArrivals
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.intake import SqlIntake
from adapters.sql.journal import SqlJournal
from adapters.sql.mail_ledger import SqlMailLedger
from adapters.sql.new_item import NewItem
from adapters.sql.programs import SqlPrograms
from adapters.sql.sent_mail import SentMail, SqlSentMail
from adapters.temporal.schedules import Schedules
from models.envelopes import MergeResult, MergeWork
from models.program.program import Program
from usecases.background import Background, InThreads
from usecases.intake import Intake


class Acts(Protocol):
    """How a person's acts reach a lead; `adapters.temporal.client.Leads` is one."""

    async def act(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        """Act on a lead; `Leads.act` tells what is raised."""
        ...

    async def leave(self, lead: str, do: str, fields: dict[str, Any]) -> None:
        """Leave an act for a lead that does not answer now; `Leads.leave` tells what is raised."""
        ...

    async def merge(self, work: MergeWork) -> MergeResult:
        """Merge two leads; `Leads.merge` tells what is raised."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The adapters that a running gateway has; `assembly.gateway` opens them."""

    database: Database
    intake: SqlIntake
    journal: SqlJournal
    people: SqlDirectory
    reports: SqlReports
    mailer: Mailer
    """For what the gateway itself sends: replies passed on, links that sign in."""
    programs: SqlPrograms
    mail_ledger: SqlMailLedger
    sent: SqlSentMail
    links: SignedLinks
    now: Callable[[], datetime]
    """The program's clock, in whole seconds; the wall clock but in a demonstration."""
    speed: float = 1.0
    """How many seconds of the program's clock pass in a real one."""
    default_program: str | None = None
    """The program of new leads for which none is named."""
    meter: Meter = UNMETERED
    approve_above: int | None = None
    """With more leads in flight a second person approves what the board publishes; None: never."""
    schedules: Schedules | None = None
    """Temporal's schedules, which follow what is published. None: nobody runs Temporal here."""
    list_work: Background = field(default_factory=InThreads)
    """Where lists that were uploaded are read, planned and stored."""
    report_work: Background = field(default_factory=InThreads)
    """Where reports are computed."""
    change_work: Background = field(default_factory=InThreads)
    """Where the futures of many leads are played."""

    @property
    def arrivals(self) -> SqlArrivals:
        """When acts arrived."""
        return SqlArrivals(self.database)

    def intake_now(self) -> Intake:
        """What a request works with that brings leads or events, at this instant."""
        return Intake(
            items=self.intake,
            programs=self.programs,
            now=self.now(),
            default_program=self.default_program,
        )

    def accept(self, *items: NewItem) -> list[bool]:
        """`usecases.intake.accept` with these adapters."""
        return self.intake_now().accept(items)

    def program_of(self, mail: SentMail) -> Program | None:
        """The program by which a mail was sent; None if its lead is not known any more."""
        state = self.journal.state(mail.lead)
        if state is None:
            return None
        try:
            return self.programs.load(state.digest)
        except LookupError:
            return None
