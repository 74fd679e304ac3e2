"""From end to end, over SMTP: a relay refuses everybody, mails wait, all are sent in the end."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from activities import circuit_breaker, mail_routes
from adapters.files.program import read_program
from adapters.files.teams import read_directory
from adapters.sql.breakers import SqlBreakers
from adapters.sql.database import migrate, open_database
from adapters.temporal.client import Leads
from assembly.queues import working
from assembly.settings import Settings
from models.envelopes import ProgramClock
from tests.fakes import FakePeople, FakePrograms, FakeWorld
from tests.mail.scripted_server import Server, serving
from tests.waiting import until
from tests.workflows.worker_stack import PROGRAMS

MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)
LEADS = [f"relay{number}" for number in range(8)]
CONTACT = "ops@acme.example"


async def test_mails_wait_operators_are_told_and_a_probe_lets_all_go(
    dev_server: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = timedelta(seconds=1)
    monkeypatch.setattr(mail_routes, "RETRIES", (second,))
    monkeypatch.setattr(mail_routes, "_LONGEST_SPREAD", second)
    monkeypatch.setattr(circuit_breaker, "FIRST_PROBE", second)
    monkeypatch.setattr(circuit_breaker, "LONGEST_PROBE", second)
    url = f"sqlite:///{tmp_path / 'leadflow.db'}"
    migrate(url)
    database = open_database(url)
    breakers = SqlBreakers(database)
    program = read_program(PROGRAMS / "acme.yaml")
    relay = Server(replies={"RCPT": "550 5.7.1 relay not permitted"})
    async with serving(relay) as mailer, serving(relay) as alerts:
        world = FakeWorld(
            programs=FakePrograms({program.digest: program}),
            people=FakePeople(read_directory(PROGRAMS / "teams.yaml")),
            operations_contact=CONTACT,
        )
        ports = dataclasses.replace(world.ports, mailer=mailer, alerts=alerts, breakers=breakers)
        clock = ProgramClock(wall=datetime.now(UTC), program=MONDAY, speed=1)
        leads = Leads(dev_server.client, world.journal, prefix="relay-", clock=clock)
        async with working(dev_server.client, Settings(queue_prefix="relay-"), ports):
            for lead in LEADS:
                address = f"{lead}@{lead}.example"
                await leads.enrol(lead, program, {"email": address, "employees": 900})
            await until(breakers.open_routes)
            assert relay.contents == []
            for lead in LEADS:
                kinds = {one.kind for one in world.journal.entries.get(lead, [])}
                assert not kinds & {"email_sent", "email_failed", "suppressed"}
            relay.replies = {}
            await until(lambda: all(world.journal.entries_of(one, "email_sent") for one in LEADS))
            assert breakers.open_routes() == ()
            await until(lambda: len(_notices(relay)) == 1)
    assert len(relay.contents) == len(LEADS) + 1
    database.close()


def _notices(relay: Server) -> list[bytes]:
    return [one for one in relay.contents if b"Subject: acme: mail of program" in one]
