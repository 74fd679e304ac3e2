"""Many leads become MQLs at once on four worker processes; no member gets too many."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest
import sqlalchemy as sa
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from adapters.delivery.catcher import Catcher, messages
from adapters.files.program import read_program
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads, workflow_id
from models.directory import Directory
from models.tables.columns import table_of
from models.tables.leads import HandoffRow, LeadRow, TimelineEntry
from models.tables.people import Assignment, MemberShare
from tests.waiting import LIMIT, until
from workflows.commands import LEADS

ROOT = Path(__file__).parents[2]
COUNTS = {"postgresql": 200, "sqlite": 60}
"""How many leads. SQLite has one writer at a time, so fewer leads show the same there."""
WORKERS = 4
PROGRAM = """\
program: rush
lifecycle: {hand_raise: "event.type == 'form.submitted' && event.subject == 'demo'"}
sending: {from: "Rush <rush@acme.example>", postal_address: "Acme Inc., 1 Main Street"}
handoff: {routing: [{otherwise: sdr}], accept: {within: 4h}}
"""
WEIGHTS = {"riley@acme.example": 1, "sam@acme.example": 2, "jonas@acme.example": 3}
CAPACITIES = {"tess@acme.example": 5, "ute@acme.example": 1}
TEAM = [{"email": email, "weight": weight} for email, weight in WEIGHTS.items()] + [
    {"email": email, "capacity": capacity} for email, capacity in CAPACITIES.items()
]
_A = table_of(Assignment)
_E = table_of(TimelineEntry)
_H = table_of(HandoffRow)
_L = table_of(LeadRow)
_S = table_of(MemberShare)


@contextmanager
def workers(prefix: str, settings: dict[str, str], folder: Path) -> Iterator[None]:
    """Four `python worker.py`, ended by their ids."""
    command = [sys.executable, str(ROOT / "worker.py")]
    env = os.environ | settings | {"LEADFLOW_QUEUE_PREFIX": prefix, "LEADFLOW_LOG_LEVEL": "error"}
    running = []
    try:
        for number in range(WORKERS):
            with (folder / f"worker-{number}.log").open("wb") as out:
                running.append(subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out))
        yield
    finally:
        for one in running:
            one.send_signal(signal.SIGTERM)
        for one in running:
            one.wait(LIMIT)


async def count_pollers(client: Client, queue: str) -> int:
    """How many workers ask this queue for workflow tasks."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await client.workflow_service.describe_task_queue(request)
    return len({one.identity for one in answer.pollers})


async def workers_of_lead(client: Client, lead: str) -> set[str]:
    """The workers that completed a lead's tasks."""
    history = await client.get_workflow_handle(workflow_id(lead)).fetch_history()
    done = [one.workflow_task_completed_event_attributes.identity for one in history.events]
    return {identity for identity in done if identity}


def count_by_name(database: Database, query: sa.Select[str, int]) -> dict[str, int]:
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def shares_are_fair(owners: Counter[str], count: int) -> bool:
    """Whether the shares of those without a limit are within one of their weights."""
    rest = count - sum(CAPACITIES.values())
    parts = sum(WEIGHTS.values())
    return all(abs(owners[one] - rest * weight / parts) <= 1 for one, weight in WEIGHTS.items())


def test_the_check_of_shares_finds_an_unfair_one() -> None:
    even = Counter({one: round(194 * weight / 6) for one, weight in WEIGHTS.items()})
    assert shares_are_fair(even, 200)
    assert not shares_are_fair(even + Counter({"riley@acme.example": 2}), 200)


@pytest.fixture
def site(tmp_path: Path, url: str) -> Iterator[dict[str, str]]:
    """A mailbox, and the settings of workers over this test's database."""
    with Catcher(tmp_path / "mail", 0) as catcher:
        yield {
            "LEADFLOW_HOME": str(tmp_path),
            "LEADFLOW_DATABASE_URL": url,
            "LEADFLOW_SMTP_PORT": str(catcher.port),
        }


async def test_many_leads_at_once_on_four_workers_are_shared_fairly(
    database: Database,
    kind: str,
    site: dict[str, str],
    dev_server: WorkflowEnvironment,
    tmp_path: Path,
) -> None:
    client, prefix, count = dev_server.client, f"rush-{kind}-", COUNTS[kind]
    (tmp_path / "rush.yaml").write_text(PROGRAM, "utf-8")
    program = read_program(tmp_path / "rush.yaml")
    SqlPrograms(database).publish(program)
    SqlDirectory(database).apply(Directory.model_validate({"teams": {"sdr": {"members": TEAM}}}))
    leads = Leads(client, SqlJournal(database), prefix=prefix)
    names = [f"{kind}-{number}" for number in range(count)]
    demo = {"id": "demo", "type": "form.submitted", "subject": "demo"}
    address = {"TEMPORAL_ADDRESS": client.service_client.config.target_host}

    def stored(stage: str) -> int:
        query = sa.select(_L.c.stage, sa.func.count()).group_by(_L.c.stage)
        return count_by_name(database, query).get(stage, 0)

    def owned() -> bool:
        query = sa.select(_L.c.stage, sa.func.count(_L.c.owner)).group_by(_L.c.stage)
        return count_by_name(database, query).get("mql", 0) == count

    async def enter(name: str) -> None:
        assert await leads.enrol(name, program, {"email": f"{name}@northwind.example"})

    with workers(prefix, site | address, tmp_path):

        async def all_poll() -> bool:
            return await count_pollers(client, prefix + LEADS) == WORKERS

        await until(all_poll)
        await asyncio.gather(*map(enter, names))
        await until(lambda: stored("known") == count)
        await asyncio.gather(*(leads.events(name, [demo]) for name in names))
        await until(owned)
        worked = await asyncio.gather(*(workers_of_lead(client, name) for name in names))
        await until(lambda: len(list(messages(tmp_path / "mail"))) == count)
    handles = [client.get_workflow_handle(workflow_id(name)) for name in names]
    await asyncio.gather(*(handle.terminate() for handle in handles))
    assert len(set().union(*worked)) == WORKERS

    with database.read() as connection:
        owners = Counter(connection.scalars(sa.select(_L.c.owner)))
        handoffs = connection.execute(sa.select(_H.c.lead, _H.c.owner, _H.c.attempt)).all()
        assigned = connection.execute(sa.select(_A.c.lead, _A.c.owner, _A.c.why)).all()
        owners_rows = connection.execute(
            sa.select(_E.c.lead, _E.c.fields).where(_E.c.kind == "assigned")
        ).all()
        of_lead = {row.id: row.owner for row in connection.execute(sa.select(_L.c.id, _L.c.owner))}
    assert owners.total() == count
    assert shares_are_fair(owners, count), owners
    assert {one: owners[one] for one in CAPACITIES} == CAPACITIES
    assert len(handoffs) == len(assigned) == len(owners_rows) == count
    assert {(row.lead, row.owner, row.attempt) for row in handoffs} == {
        (lead, owner, 1) for lead, owner in of_lead.items()
    }
    assert {(row.lead, row.owner, row.why) for row in assigned} == {
        (lead, owner, None) for lead, owner in of_lead.items()
    }
    assert {row.lead: row.fields["owner"] for row in owners_rows} == of_lead
    with database.read() as connection:
        rows = connection.execute(sa.select(_S.c.member, _S.c.share)).all()
    shares = {row.member: Fraction(row.share) for row in rows}
    for member, weight in WEIGHTS.items():
        assert shares[member] == Fraction(owners[member], weight)
    # Who is at capacity is kept in line: one step below the others at the most.
    lowest = min(shares[member] for member in WEIGHTS)
    assert all(lowest - 1 <= shares[member] for member in CAPACITIES), shares
    alerts = Counter(str(mail["To"]) for mail in messages(tmp_path / "mail"))
    assert alerts == owners
