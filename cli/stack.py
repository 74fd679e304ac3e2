"""`leadflow up`: the embedded stack."""

from __future__ import annotations

import asyncio
import logging
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from assembly.shipped import SHIPPED
from cli.console import JsonOption, Panel, command_name, err, out, print_json
from cli.publishing import choose, warn
from cli.session import read_settings, run_async

if TYPE_CHECKING:
    from assembly.settings import Settings
    from assembly.stack import Stack


def register(app: typer.Typer) -> None:
    """Add `up`."""
    app.command("up", rich_help_panel=Panel.START)(up)


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
        bool,
        typer.Option(
            "--still", help="Start no worker: leads and the clock stand still, to be looked at."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Start Temporal with its web UI, a mailbox, database, worker and gateway; stop by Ctrl-C.

    Mail is caught, none leaves this machine. Everything is kept in `.leadflow`, so that the
    next `up` goes on where this one stopped.

    Example: `leadflow up`

    Then, in another terminal: `leadflow launch programs/leads.csv --program acme`
    """
    from assembly import logs  # noqa: PLC0415  # keeps --help quick
    from assembly.stack import (  # noqa: PLC0415  # likewise
        SHUTDOWN_GRACE,
        Ports,
        running_stack,
    )

    settings = read_settings()
    if data is not None:
        settings = settings.model_copy(update={"home": data})
    logs.configure(settings.log_format, settings.log_level)
    logging.getLogger("temporalio").setLevel(logging.WARNING)  # it logs the end of every worker

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
                await _follow_schedules(stack)
            _print_places(stack, published, data, as_json=as_json)
            await stop.wait()
            err.print("stopping …")
        await asyncio.sleep(SHUTDOWN_GRACE)

    run_async(stay())


def publish_first(settings: Settings, program: Path, teams: Path) -> tuple[str, ...]:
    """Publish these files if no program was published yet; the names of those there are."""
    from adapters.sql.database import open_database  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise

    database = open_database(settings.database)
    try:
        programs = SqlPrograms(database)
        if not programs.names():
            # Nothing is published yet, so nothing can need whom the teams file lacks.
            warn(choose(str(program), teams, database).publish(database, remove=True))
        return programs.names()
    finally:
        database.close()


async def _follow_schedules(stack: Stack) -> None:
    """Make Temporal's schedules those of the newest programs."""
    from adapters.sql.database import open_database  # noqa: PLC0415  # keeps --help quick
    from adapters.temporal.schedules import Schedules  # noqa: PLC0415  # likewise
    from usecases.publishing import follow_all  # noqa: PLC0415  # likewise

    database = open_database(stack.settings.database)
    try:
        await follow_all(Schedules(stack.client, prefix=stack.settings.queue_prefix), database)
    finally:
        database.close()


def _print_places(
    stack: Stack, published: tuple[str, ...], data: Path | None, *, as_json: bool
) -> None:
    if as_json:
        print_json({"up": True, **stack.places(), "programs": list(published)})
        return
    places = stack.places()
    marketer = stack.world.people.directory().admin_of_marketing
    who = f"sign in as {marketer}" if marketer else "for those whom the teams file lists"
    out.print(Text("leadflow is up; Ctrl-C stops it", style="bold"))
    for name, place in (
        ("board", f"{places['board']}, for the people of marketing ({who})"),
        ("desk", f"{places['gateway']}/desk, for the people of sales"),
        ("Temporal UI", places["ui"]),
        ("Temporal", places["temporal"]),
        ("mailbox", f"SMTP on {places['smtp']}, each mail a file in {places['mail']}"),
        ("gateway", f"{places['gateway']}, what comes back by mail on {places['inbound']}"),
        ("database", places["database"]),
        ("programs", ", ".join(published)),
    ):
        out.print(Text(f"  {name:<12} ", style="dim").append(place, style="not dim"))
    home = f"LEADFLOW_HOME={shlex.quote(str(data))} " if data is not None else ""
    out.print(Text(f"Next, in another terminal:  {home}{command_name()} leads"))
