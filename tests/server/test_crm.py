"""A CRM, which is a program of its own, gets a lead's events and acts on it, on a real server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
from pydantic import SecretStr
from temporalio.client import Client

from adapters.files.program import read_program
from adapters.sql.database import Database, open_database
from adapters.sql.directory import SqlDirectory
from adapters.sql.journal import SqlJournal
from adapters.sql.programs import SqlPrograms
from adapters.temporal.client import Leads
from assembly.settings import Settings
from assembly.stack import Ports, running_stack
from models.directory import Directory
from tests.gateway.stored_rows import CRM_SECRET, sign_as_crm
from tests.waiting import LIMIT, until

ROOT = Path(__file__).resolve().parents[2]
RILEY, ALEX = "riley@acme.example", "alex@acme.example"
PEOPLE = Directory.model_validate(
    {
        "teams": {
            "sdr": {"manager": "morgan@acme.example", "members": [{"email": RILEY}]},
            "ae": {"manager": "morgan@acme.example", "members": [{"email": ALEX}]},
        }
    }
)


class CrmServer:
    """The receiver of docs/examples as a process, and what it printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def read(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.lines.append(line.decode().strip())

    @property
    def event_types(self) -> list[str]:
        """The types of events, in order."""
        return [line.split()[1] for line in self.lines if line.startswith("20")]


@asynccontextmanager
async def receiving(*options: str) -> AsyncIterator[CrmServer]:
    receiver = CrmServer()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "docs" / "examples" / "crm_receiver.py"), "--port", "0"),
        *options,
        env=os.environ | {"LEADFLOW_CRM_SECRET": CRM_SECRET.get_secret_value()},
        stdout=PIPE,
        stderr=STDOUT,
    )
    reading = asyncio.create_task(receiver.read(process))
    try:
        await until(lambda: receiver.lines)
        yield receiver
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.gather(process.wait(), reading)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_the_crm_gets_a_leads_events_in_order_and_acts_on_it(tmp_path: Path) -> None:
    gateway = free_port()
    accepts = ("--accept-as", RILEY, "--leadflow", f"http://127.0.0.1:{gateway}")
    async with receiving(*accepts) as receiver:
        settings = Settings(
            home=tmp_path,
            database_url="",
            crm_url=receiver.lines[0].removeprefix("listening on "),
            crm_secret=CRM_SECRET,
        )
        async with running_stack(settings, Ports(gateway=gateway)) as stack:
            with closing(open_database(stack.settings.database)) as database:
                await _asks_for_a_demo(stack.client, database)
            first = ["lead.created", "lead.mql", "lead.assigned", "lead.accepted"]
            await until(lambda: receiver.event_types == first)
            await until(lambda: f"accept ana by {RILEY}: done" in receiver.lines)
            await _worked_by_crm(stack.gateway)
            then = ["lead.touched", "lead.qualified", "lead.assigned", "lead.accepted"]
            ended = [*first, *then, "opportunity.opened", "opportunity.won"]
            await until(lambda: receiver.event_types == ended)
            assert '"amount": 24000' in receiver.lines[-1]
    assert not [line for line in receiver.lines if "Traceback" in line]


async def _asks_for_a_demo(client: Client, database: Database) -> None:
    """A new lead, who raises her hand."""
    program = read_program(ROOT / "programs" / "acme.yaml")
    SqlPrograms(database).publish(program)
    SqlDirectory(database).apply(PEOPLE)
    leads = Leads(client, SqlJournal(database))
    profile = {"email": "ana@northwind.example", "first_name": "Ana", "employees": 900}
    assert await leads.enrol("ana", program, profile)
    await leads.events("ana", [{"type": "form.submitted", "subject": "demo"}])


async def _worked_by_crm(gateway: str) -> None:
    """Have the CRM act until the deal is won; one of its acts is refused, one comes twice."""
    async with httpx.AsyncClient(timeout=LIMIT) as http:

        async def done(do: str, by: str, identity: str, **fields: object) -> httpx.Response:
            body, headers = sign_as_crm(
                {"lead": "ana", "do": do, "by": by, **fields}, identity=identity
            )
            return await http.post(f"{gateway}/v1/crm/acts", content=body, headers=headers)

        for _ in range(2):
            answered = await done("touch", RILEY, "crm-1", channel="call")
            assert answered.status_code == 200
        refused = await done("win", RILEY, "crm-2", amount=1)
        assert refused.status_code == 409
        assert refused.json()["detail"].startswith("Win is for")
        assert (await done("qualify", RILEY, "crm-3")).status_code == 200
        assert (await done("accept", ALEX, "crm-4")).status_code == 200
        deal = await done("open_opportunity", ALEX, "crm-5", amount=24_000, currency="USD")
        assert deal.status_code == 200
        assert (await done("win", ALEX, "crm-6")).status_code == 200


async def test_the_receiver_accepts_an_event_once_and_no_forged_one() -> None:
    event = {
        "specversion": "1.0",
        "id": "e1",
        "source": "urn:leadflow",
        "type": "lead.accepted",
        "subject": "ana",
        "time": "2026-03-02T14:00:00Z",
        "data": {"entry": {"seq": 1, "kind": "accepted"}},
    }
    forged = {**event, "id": "e2"}
    async with receiving() as receiver, httpx.AsyncClient(timeout=LIMIT) as http:
        url = receiver.lines[0].removeprefix("listening on ")
        for _ in range(2):
            body, headers = sign_as_crm(event, identity="e1")
            assert (await http.post(url, content=body, headers=headers)).status_code == 204
        body, headers = sign_as_crm(forged, identity="e2", secret=SecretStr("whsec_Zm9yZ2Vk"))
        assert (await http.post(url, content=body, headers=headers)).status_code == 401
        body, headers = sign_as_crm(forged, identity="e2", ago=600)
        assert (await http.post(url, content=body, headers=headers)).status_code == 401
        await until(lambda: receiver.event_types)
    assert receiver.event_types == ["lead.accepted"]
