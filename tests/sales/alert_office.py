"""Alerts to sales people on the real tables, with a mail server whose tries end as planned.

Temporal is played: an activity that asks to be tried again is tried again after the time that it
asked for, on a clock that jumps there.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.envelopes import write_command
from activities.ports import MailRefusedError, MailUnsentError, Rendered
from activities.sales import SalesActivities
from adapters.sql.alert_queue import SqlAlertQueue
from adapters.sql.database import Database, migrate, open_database
from models.decision import Alert
from models.envelopes import CommandResult, Work
from tests.fakes import FakeMailer, FakePeople, FakePrograms, FakeWorld
from tests.sales.alerted_lead import ACME, PEOPLE, RILEY, ana_asks_for_a_demo

MINUTE = timedelta(minutes=1)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KILLED_FOR = timedelta(seconds=15)
"""After so long without a heartbeat Temporal tries an activity again."""


class WorkerKilledError(BaseException):
    """The worker was killed: nothing after this point was done."""


@dataclass
class PlannedMailServer(FakeMailer):
    """A mail server that keeps what it accepted, and when; `ends` says how each try ends."""

    clock: Callable[[], datetime] = lambda: START
    got: list[tuple[datetime, Rendered]] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    async def send(self, mail: Rendered, **_: object) -> None:
        end = self.ends.pop(0) if self.ends else "sent"
        if end == "killed before":
            raise WorkerKilledError
        if end == "away":
            raise MailUnsentError("no connection")
        if end == "not now":
            raise MailUnsentError("451 later", answered=True)
        if end == "refused":
            raise MailRefusedError("550 no", "bounced")
        self.got.append((self.clock(), mail))
        if end == "killed after":
            raise WorkerKilledError
        if end == "no answer":
            raise ConnectionResetError


@dataclass
class Office:
    """Alerts on their way, as Temporal keeps them."""

    world: FakeWorld
    mailbox: PlannedMailServer
    now: datetime = START
    results: dict[str, CommandResult] = field(default_factory=dict)
    steps: list[tuple[datetime, int, Alert]] = field(default_factory=list)
    killed_come_back: bool = True
    """Whether Temporal tries again what a killed worker had; not if its lead was ended by hand."""

    def raise_alert(self, alert: Alert, after: timedelta = timedelta(0)) -> None:
        """A lead's turn decides an alert, so long after the start."""
        heapq.heappush(self.steps, (START + after, len(self.steps) + len(self.results), alert))

    async def run(self) -> None:
        """Perform all alerts until the last one has its result."""
        activities = SalesActivities(self.world.ports, MINUTE)
        tries = 0
        while self.steps:
            at, number, alert = heapq.heappop(self.steps)
            self.now = max(self.now, at)
            tries += 1
            assert tries < 5_000, "the alerts do not end"
            work = Work(lead="ana", commands=[write_command(alert)])
            try:
                [result] = await ActivityEnvironment().run(activities.alert, work)
            except ApplicationError as error:
                again = error.next_retry_delay or timedelta(seconds=1)
            except WorkerKilledError:
                if not self.killed_come_back:
                    continue
                again = KILLED_FOR
            except ConnectionResetError:
                again = timedelta(seconds=1)
            else:
                self.results[alert.key] = result
                continue
            heapq.heappush(self.steps, (self.now + again, number, alert))

    def mails(self, person: str = RILEY) -> list[tuple[datetime, list[str]]]:
        """When each mail to a person came first, and the keys of its alerts."""
        first: dict[str, tuple[datetime, list[str]]] = {}
        for at, mail in self.mailbox.got:
            keys = [mail.message_id] if mail.text in WHYS else mail.text.split("\n")
            if mail.to == person:
                known = first.setdefault(mail.message_id, (at, keys))
                assert known[1] == keys, "the same mail says something else the second time"
        return list(first.values())


WHYS = ("breached", "unassigned", "reminded", "assigned", "reassigned", "bounced")


@contextmanager
def office(folder: Path) -> Iterator[Office]:
    """An office without mail so far."""
    url = f"sqlite:///{folder / 'office.db'}"
    if not (folder / "office.db").exists():
        migrate(url)
    database = open_database(url)
    empty(database)
    mailbox = PlannedMailServer()
    world = FakeWorld(programs=FakePrograms({ACME.digest: ACME}), people=FakePeople(PEOPLE))
    world.journal.states["ana"] = ana_asks_for_a_demo().states["ana"]
    made = Office(world=world, mailbox=mailbox)
    made.world = replace(
        world,
        alerts=mailbox,
        alert_queue=SqlAlertQueue(database, lambda _: made.now),
    )
    mailbox.clock = lambda: made.now
    yield made
    database.close()


def empty(database: Database) -> None:
    with database.write() as connection:
        for table in ("waiting_alerts", "alert_paces", "messages"):
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - three constants
