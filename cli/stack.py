"""The embedded stack in one process: Temporal with its UI, a mailbox, the database, the worker."""

from __future__ import annotations

import asyncio
import logging
import shlex
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.console import JsonOption, Panel, err, out, print_json
from cli.publishing import choose
from cli.world import explained, read_settings, run_async

if TYPE_CHECKING:
    from temporalio.client import Client

    from activities.ports import World
    from adapters.catcher import OnMail
    from models.envelopes import Clock
    from settings import Settings

SHIPPED = Path(__file__).resolve().parent.parent / "programs"
"""The programs that come with leadflow."""
INBOUND_DOMAIN = "in.leadflow.localhost"
"""The domain of bounces and replies in the embedded stack."""
_SHORTEST_GATHERING = timedelta(seconds=0.25)
"""So long a scanner must have to betray itself, also by a demonstration's clock."""
LAST_BREATH = 0.3
"""Seconds between the end of Temporal's client and that of Python, which may abort otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What runs, and where. `settings` are those the worker uses."""

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
    clock: Clock | None = None,
    still: bool = False,
) -> AsyncIterator[Stack]:
    """Run the whole stack on loopback while the block runs, its files in `settings.home`.

    By `clock` the gateway tells when something happened. When
    `still`, neither worker nor gateway runs and no lead moves. The database is migrated first.
    Raises EmbeddedServerError, DatabaseTooNewError, and OSError for a port in use; what was
    started is stopped then.
    """
    from adapters.catcher import Catcher  # noqa: PLC0415  # keeps --help quick
    from adapters.database import migrate  # noqa: PLC0415  # likewise
    from adapters.embedded import EmbeddedServer  # noqa: PLC0415  # likewise
    from gateway.serving import listening  # noqa: PLC0415  # likewise
    from worker import open_world, working  # noqa: PLC0415  # likewise

    server = EmbeddedServer(settings.home, port=ports.temporal, ui_port=ports.ui)
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
                    if not still:
                        await running.enter_async_context(working(client, caught, world))
                        gateway = _answering(
                            client, caught, world, clock, web=web, returning=returning
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


@asynccontextmanager
async def _answering(
    client: Client,
    settings: Settings,
    world: World,
    clock: Clock | None,
    *,
    web: socket.socket,
    returning: socket.socket,
) -> AsyncIterator[None]:
    """Run the gateway on these sockets while the block runs."""
    from adapters.temporal import Leads  # noqa: PLC0415  # keeps --help quick
    from gateway.listener import receiving  # noqa: PLC0415  # likewise
    from gateway.opening import open_outside  # noqa: PLC0415  # likewise
    from gateway.serving import serving  # noqa: PLC0415  # likewise
    from models.envelopes import program_now  # noqa: PLC0415  # likewise

    def now() -> datetime:
        return program_now(clock, datetime.now(UTC))

    speed = clock.speed if clock is not None else 1.0
    gather = max(_SHORTEST_GATHERING, timedelta(seconds=1) / speed)
    with open_outside(settings, world.mailer, now=now, speed=speed, gather=gather) as outside:
        leads = Leads(client, outside.journal, prefix=settings.queue_prefix, clock=clock)
        async with serving(outside, leads, web), receiving(outside, returning):
            yield


def register(app: typer.Typer) -> None:
    """Add `up` and `database upgrade`."""
    app.command("up", rich_help_panel=Panel.START)(up)
    database = typer.Typer(no_args_is_help=True, help="Look after the database.")
    database.command("upgrade")(upgrade)
    app.add_typer(database, name="database", rich_help_panel=Panel.ENGINEERS)


def up(
    *,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where its files are; else .leadflow.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Temporal's port; 0 is any free one.")
    ] = 7233,
    ui_port: Annotated[int, typer.Option(min=0, max=65535, help="The web UI's port.")] = 8233,
    smtp_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="The mailbox's port; else LEADFLOW_SMTP_PORT, else 1025."
        ),
    ] = None,
    gateway_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="The HTTP interface's port; else LEADFLOW_GATEWAY_PORT, else 8080.",
        ),
    ] = None,
    inbound_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Where mail that comes back is taken in; else LEADFLOW_INBOUND_PORT, else 2525.",
        ),
    ] = None,
    program: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Published if no program was published yet.",
            show_default="programs/acme.yaml",
        ),
    ] = SHIPPED / "acme.yaml",
    teams: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The sales people, applied with the program.",
            show_default="programs/teams.yaml",
        ),
    ] = SHIPPED / "teams.yaml",
    still: Annotated[
        bool, typer.Option("--still", help="Start no worker: leads stand still, to be looked at.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Start Temporal with its web UI, a mailbox, database, worker and gateway; stop by Ctrl-C.

    Mail is caught, none leaves this machine. Everything is kept in `.leadflow`, so that the
    next `up` goes on where this one stopped.

    Example: `leadflow up`

    Then, in another terminal: `leadflow launch programs/leads.csv --program acme`
    """
    from adapters import logs  # noqa: PLC0415  # keeps --help quick

    settings = read_settings()
    if data is not None:
        settings = settings.model_copy(update={"home": data})
    logs.configure(settings.log_format, settings.log_level)
    logging.getLogger("temporalio").setLevel(logging.WARNING)  # it tells of every worker's end

    async def stay() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        ports = Ports(
            temporal=port,
            ui=ui_port,
            mailbox=settings.smtp_port if smtp_port is None else smtp_port,
            gateway=settings.gateway_port if gateway_port is None else gateway_port,
            inbound=settings.inbound_port if inbound_port is None else inbound_port,
        )
        async with running_stack(settings, ports, still=still) as stack:
            published = publish_first(stack.settings, program, teams)
            if not still:
                await follow_schedules(stack)
            _tell(stack, published, data, as_json=as_json)
            await stop.wait()
            err.print("stopping …")
        await asyncio.sleep(LAST_BREATH)

    run_async(stay())


def publish_first(settings: Settings, program: Path, teams: Path) -> tuple[str, ...]:
    """Publish these files if no program was published yet; the names of those there are."""
    from adapters.database import open_database  # noqa: PLC0415  # keeps --help quick
    from adapters.programs import SqlPrograms  # noqa: PLC0415  # likewise

    database = open_database(settings.database)
    try:
        programs = SqlPrograms(database)
        if not programs.names():
            choose(str(program), teams, database).publish(database)
        return programs.names()
    finally:
        database.close()


async def follow_schedules(stack: Stack) -> None:
    """Have Temporal's schedules be as the programs that were published last say."""
    from adapters.database import open_database  # noqa: PLC0415  # keeps --help quick
    from adapters.programs import SqlPrograms  # noqa: PLC0415  # likewise
    from adapters.schedules import Schedules  # noqa: PLC0415  # likewise

    database = open_database(stack.settings.database)
    try:
        programs = SqlPrograms(database)
        schedules = Schedules(stack.client, prefix=stack.settings.queue_prefix)
        for name in programs.names():
            program = programs.newest(name)
            if program is not None:
                await schedules.follow(program)
    finally:
        database.close()


def _tell(stack: Stack, published: tuple[str, ...], data: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"up": True, **stack.places(), "programs": list(published)})
        return
    places = stack.places()
    out.print(Text("leadflow is up; Ctrl-C stops it", style="bold"))
    for name, place in (
        ("Temporal UI", places["ui"]),
        ("Temporal", places["temporal"]),
        ("mailbox", f"SMTP on {places['smtp']}, each mail a file in {places['mail']}"),
        ("gateway", f"{places['gateway']}, what comes back by mail on {places['inbound']}"),
        ("desk", f"{places['gateway']}/desk"),
        ("database", places["database"]),
        ("programs", ", ".join(published)),
    ):
        out.print(Text(f"  {name:<12} ", style="dim").append(place, style="not dim"))
    home = f"LEADFLOW_HOME={shlex.quote(str(data))} " if data is not None else ""
    out.print(Text(f"Next, in another terminal:  {home}{command_name()} leads"))


def command_name() -> str:
    """What to type for leadflow: its name, or its path where the shell does not know it."""
    return "leadflow" if shutil.which("leadflow") else ".venv/bin/leadflow"


def upgrade(*, as_json: JsonOption = False) -> None:
    """Make the database, or bring it to the tables of this leadflow.

    Which one, LEADFLOW_DATABASE_URL says; else it is a file in `.leadflow`.

    Example: `leadflow database upgrade`
    """
    from adapters.database import migrate  # noqa: PLC0415  # keeps --help quick

    settings = read_settings()
    with explained():
        migrate(settings.database)
    where = shown_url(settings.database)
    if as_json:
        print_json({"ok": True, "database": where})
    else:
        out.print(Text(f"the database {where} is up to date"))


def shown_url(url: str) -> str:
    """The URL of a database without its password."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415  # keeps --help quick

    return make_url(url).render_as_string(hide_password=True)
