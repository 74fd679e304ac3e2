"""The embedded stack in one process: Temporal, a mailbox, the database, worker and gateway."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client

from activities.ports import World
from adapters.delivery.catcher import Catcher, OnMail
from adapters.reports.audit import SqlAudit
from adapters.sql.database import migrate, open_database, shown_url
from adapters.temporal.client import Leads
from adapters.temporal.embedded import EmbeddedServer
from adapters.temporal.schedules import Schedules
from assembly.context import gateway_config, inbound_config, open_context
from assembly.launching import starting_launches
from assembly.queues import working
from assembly.rolling_out import starting_rollouts
from assembly.settings import Settings
from assembly.world import open_world
from gateway.inbound.listener import receiving
from gateway.requests.http_server import listening
from gateway.server import serving
from models.envelopes import ProgramClock, program_now
from models.instants import whole_second

INBOUND_DOMAIN = "in.leadflow.localhost"
"""The domain of bounces and replies in the embedded stack."""
_SHORTEST_GATHER = timedelta(seconds=0.25)
"""Events of one lead wait at least so long, also by a demonstration's clock, so that a scanner can
be recognised first."""
SHUTDOWN_GRACE = 0.3
"""Seconds between the end of Temporal's client and that of Python, which may abort otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What runs, and where. `settings` are those of the worker."""

    settings: Settings
    client: Client
    world: World
    address: str
    ui: str
    smtp_port: int
    mail: Path
    gateway: str
    """The URL of the HTTP interface."""
    inbound_port: int
    """Where mail that comes back is taken in."""

    def places(self) -> dict[str, str]:
        """Where everything is, for people and programs."""
        return {
            "board": f"{self.gateway}/board",
            "ui": self.ui,
            "temporal": self.address,
            "smtp": f"{self.settings.smtp_host}:{self.smtp_port}",
            "mail": str(self.mail),
            "gateway": self.gateway,
            "inbound": f"127.0.0.1:{self.inbound_port}",
            "database": shown_url(self.settings.database),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the stack listens; 0 is any free port."""

    temporal: int = 0
    ui: int = 0
    mailbox: int = 0
    gateway: int = 0
    inbound: int = 0


@asynccontextmanager
async def running_stack(
    settings: Settings,
    ports: Ports,
    *,
    on_mail: OnMail | None = None,
    clock: ProgramClock | None = None,
    still: bool = False,
) -> AsyncIterator[Stack]:
    """Run the whole stack on loopback while the block runs, its files in `settings.home`.

    The gateway dates what happens by `clock`. When `still`, no worker runs and no lead moves. The
    gateway's clock then stands at the latest entry of a timeline, so that desk and board show the
    leads as they were then. The database is migrated first.
    Raises EmbeddedServerError, DatabaseTooNewError, and OSError for a port in use; what was
    started is stopped then.
    """
    server = EmbeddedServer(settings.home, port=ports.temporal, ui_port=ports.ui)
    # Only its user may read it. It is made first, or a folder within it would be made for all.
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        Catcher(settings.home / "mail", ports.mailbox, on_mail) as catcher,
        listening("127.0.0.1", ports.gateway) as web,
        listening("127.0.0.1", ports.inbound) as returning,
    ):
        url = f"http://127.0.0.1:{web.getsockname()[1]}"
        await asyncio.to_thread(migrate, settings.database)
        caught = settings.model_copy(
            update={
                "smtp_host": "127.0.0.1",
                "smtp_port": catcher.port,
                "smtp_tls": "if_offered",
                "smtp_username": None,
                "smtp_password": None,
                "public_url": settings.public_url or url,
                "mail_domain": settings.mail_domain or INBOUND_DOMAIN,
            }
        )
        try:
            client = await server.start()
            with open_world(caught) as world:
                async with AsyncExitStack() as running:
                    now = _clock_that_stands(caught) if still else _clock_that_goes(clock)
                    if not still:
                        if clock is None:  # a demonstration's leads have clocks of their own
                            await Schedules(client, prefix=caught.queue_prefix).set_up()
                        await running.enter_async_context(
                            working(client, caught, world, clock=clock)
                        )
                        await running.enter_async_context(starting_rollouts(client, caught))
                        await running.enter_async_context(starting_launches(client, caught))
                    gateway = _answering(
                        client, caught, world, clock, now, web=web, returning=returning
                    )
                    await running.enter_async_context(gateway)
                    yield Stack(
                        settings=caught,
                        client=client,
                        world=world,
                        address=server.address,
                        ui=server.ui,
                        smtp_port=catcher.port,
                        mail=catcher.folder,
                        gateway=url,
                        inbound_port=returning.getsockname()[1],
                    )
        finally:
            await asyncio.to_thread(server.stop)


def _clock_that_goes(clock: ProgramClock | None) -> Callable[[], datetime]:
    return lambda: program_now(clock, datetime.now(UTC))


def _clock_that_stands(settings: Settings) -> Callable[[], datetime]:
    database = open_database(settings.database)
    try:
        latest = SqlAudit(database).latest_entry() or whole_second(datetime.now(UTC))
    finally:
        database.close()
    return lambda: latest


@asynccontextmanager
async def _answering(
    client: Client,
    settings: Settings,
    world: World,
    clock: ProgramClock | None,
    now: Callable[[], datetime],
    *,
    web: socket.socket,
    returning: socket.socket,
) -> AsyncIterator[None]:
    """Run the gateway on these sockets while the block runs. It dates what happens by `now`."""
    speed = clock.speed if clock is not None else 1.0
    gather = max(_SHORTEST_GATHER, timedelta(seconds=1) / speed)
    with open_context(settings, world.mailer, now=now, speed=speed, gather=gather) as opened:
        context = replace(opened, schedules=Schedules(client, prefix=settings.queue_prefix))
        leads = Leads(client, context.journal, prefix=settings.queue_prefix, clock=clock)
        config = gateway_config(settings)
        async with (
            serving(context, leads, web, config),
            receiving(context, returning, inbound_config(settings)),
        ):
            yield
