"""Mails a second through the whole activity, beside a bare loop over kept connections.

Both send mail to the same sink, a process of its own. The activity claims, renders, checks
suppressions, sends and records. The bare loop sends one finished message again and again; in a
second run it composes each message anew with the same library.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import aiosmtplib
from temporalio.testing import ActivityEnvironment

from activities.envelopes import read_command
from activities.mail import MailActivities
from activities.ports import Rendered, World
from activities.turn import TurnActivities
from adapters.files.program import read_program
from adapters.mail.message import build_message
from adapters.sql.database import migrate, open_database
from adapters.sql.programs import SqlPrograms
from assembly.queues import MAIL_THREADS, turn_activities
from assembly.settings import Settings
from assembly.world import open_world
from models.decision import SendMail
from models.envelopes import TurnRequest, Work
from models.instants import write_instant
from models.program.program import Program

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
MAILS = 300
"""In one round of either side."""
ROUNDS = 3
AT_ONCE = 20
"""Activities at the same time, as a worker runs them."""
CONNECTIONS = 2
"""Kept connections of the bare loop: as many as the mailer has."""
_PATIENCE = 10.0
_START = datetime(2026, 3, 3, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SendingBench:
    """Mails a second."""

    activity: float
    bare: float
    """Of one finished message, again and again."""
    composing: float
    """Of a bare loop that puts each message together, as every sender must."""

    @property
    def ratio(self) -> float:
        """How much of the bare loop's throughput the activity has."""
        return self.activity / self.bare


async def measure(home: Path) -> SendingBench:
    """Send rounds of mail, by turns."""
    with _sink() as port:
        settings = Settings(home=home, smtp_host="127.0.0.1", smtp_port=port)
        migrate(settings.database)
        program = read_program(PROGRAMS / "acme.yaml")
        database = open_database(settings.database)
        try:
            SqlPrograms(database).publish(program)
        finally:
            database.close()
        took = {"activity": 0.0, "bare": 0.0, "composing": 0.0}
        with open_world(settings) as world:
            numbers = count()
            bare = await _bare(world, program, port, next(numbers))
            for number in range(ROUNDS + 1):
                works = [_enrolled(world, program, next(numbers)) for _ in range(MAILS)]
                seconds = {
                    "activity": await _activity(world, works),
                    "bare": await bare.seconds(),
                    "composing": await bare.seconds(composing=True),
                }
                if number:  # the first round warms them up
                    for side, one in seconds.items():
                        took[side] += one
            await bare.close()
    mails = MAILS * ROUNDS
    return SendingBench(**{side: mails / one for side, one in took.items()})


@contextmanager
def _sink() -> Iterator[int]:
    """A mail server in a process of its own, which throws mail away; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*server, "-c", "aiosmtpd.handlers.Sink"])
    try:
        limit = time.monotonic() + _PATIENCE
        while time.monotonic() < limit:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _enrolled(world: World, program: Program, number: int) -> Work:
    """A new lead after its first turn, and the work that this turn asked for."""
    turns: TurnActivities = turn_activities(world)
    at = write_instant(_START)
    profile = {"email": f"lead{number}@prospect.example", "first_name": "Ana", "employees": 900}
    taken = turns.turn(
        TurnRequest(
            lead=f"lead-{number}",
            digest=program.digest,
            state=None,
            inputs=[{"kind": "created", "arrived": at, "body": profile}],
            now=at,
            grace=60.0,
            fence=(1, 1),
            wake=None,
            shown={},
        )
    )
    return Work(lead=f"lead-{number}", commands=taken["commands"])


async def _activity(world: World, works: list[Work]) -> float:
    room = asyncio.Semaphore(AT_ONCE)
    with ThreadPoolExecutor(MAIL_THREADS) as threads:
        mail = MailActivities(world, threads)

        async def one(work: Work) -> None:
            async with room:
                done = await ActivityEnvironment().run(mail.send_mail, work)
                if [each.get("outcome") for each in done] != ["sent"]:
                    raise RuntimeError(f"a mail of the bench was not sent: {done}")

        begun = time.monotonic()
        await asyncio.gather(*(one(work) for work in works))
        return time.monotonic() - begun


class _Bare:
    """Kept connections, one mail."""

    def __init__(self, clients: list[aiosmtplib.SMTP], mail: Rendered) -> None:
        message = build_message(mail, _START)
        self._clients = clients
        self._mail = mail
        self._sender = message["From"].addresses[0].addr_spec
        self._to = message["To"].addresses[0].addr_spec
        self._finished = message.as_bytes()

    async def seconds(self, *, composing: bool = False) -> float:
        """How long a round takes; `composing`: with each message put together anew."""
        begun = time.monotonic()
        await asyncio.gather(*(self._loop(client, composing) for client in self._clients))
        return time.monotonic() - begun

    async def _loop(self, client: aiosmtplib.SMTP, composing: bool) -> None:  # noqa: FBT001 - as above
        for _ in range(MAILS // len(self._clients)):
            whole = build_message(self._mail, _START).as_bytes() if composing else self._finished
            await client.sendmail(self._sender, [self._to], whole)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.quit()


async def _bare(world: World, program: Program, port: int, number: int) -> _Bare:
    """The bare loop, with a mail as the activity renders it."""
    work = _enrolled(world, program, number)
    command, stored = read_command(work["commands"][0]), world.journal.stored(work["lead"])
    if not isinstance(command, SendMail) or stored is None:
        raise TypeError("the bench's program sends no mail at the start")
    mail = world.renderer.marketing(program, stored.state, world.people.directory(), command)
    clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=port) for _ in range(CONNECTIONS)]
    for client in clients:
        await client.connect()
    return _Bare(clients, mail)
