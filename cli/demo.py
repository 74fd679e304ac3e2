"""`leadflow demo`: 120 leads live half a year in three minutes."""

from __future__ import annotations

import logging
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.text import Text

from assembly.shipped import SHIPPED
from cli.console import JsonOption, Panel, Status, WrongInputError, err
from cli.demo_report import print_report, report_json
from cli.demo_screen import plan_shown, screen
from cli.publishing import choose, warn
from cli.session import read_settings, run_async

if TYPE_CHECKING:
    from adapters.sql.database import Database
    from assembly.settings import Settings
    from cli.demo_play import DemoOptions, DemoResult, Publish
    from models.program.program import Program


def register(app: typer.Typer) -> None:
    """Add `demo`."""
    app.command("demo", rich_help_panel=Panel.START)(demo)


def demo(
    *,
    seconds: Annotated[
        int, typer.Option(min=10, max=3600, help="How long it plays; a second is about a day.")
    ] = 165,
    leads: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The leads to play with.", show_default="programs/leads.csv"
        ),
    ] = SHIPPED / "leads.csv",
    program: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The program they are launched on.",
            show_default="programs/acme.yaml",
        ),
    ] = SHIPPED / "acme.yaml",
    teams: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The sales people who take part.",
            show_default="programs/teams.yaml",
        ),
    ] = SHIPPED / "teams.yaml",
    changed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A version of the program that is published in mid-play.",
            show_default="programs/acme-2.yaml, if the program is acme",
        ),
    ] = None,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Where its files are; emptied at the start.")
    ] = Path(".leadflow/demo"),
    as_json: JsonOption = False,
) -> None:
    """Play 120 leads through the whole stack: about three minutes, then a report.

    Temporal, a mailbox and the worker are started; prospects read the mail that arrives by
    SMTP and react, sales people accept or forget, by the buttons of alerts and at the desk or by
    Temporal updates. In the middle a changed program is published by a plan. Exit status 0 only if
    the journal, the mailbox and Temporal agree on every mail and every lead, and what came by
    itself is what the plan said. A request that fails at every try is counted in the report.

    Example: `leadflow demo --seconds 60`
    """
    from assembly import logs  # noqa: PLC0415  # keeps --help quick
    from cli.demo_play import DemoOptions  # noqa: PLC0415  # likewise

    settings = read_settings()
    logs.configure(settings.log_format, "error")
    # On a busy machine Temporal's client fails tasks and tries them again by itself. What matters
    # is whether the records agree in the end, and the report says that.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="temporalio")
    _empty(data)
    version = _changed(program, changed)
    options = DemoOptions(leads=leads, seconds=seconds, home=data, changed=version)

    def publish(database: Database) -> Program:
        chosen = choose(str(program), teams, database)
        who = chosen.directory.admin_of_marketing if chosen.directory is not None else None
        warn(chosen.publish(database, by=who or ""))
        return chosen.program

    result = run_async(_play(settings, options, publish))
    if as_json:
        report_json(result)
    else:
        print_report(result)
    if result.differences:
        raise typer.Exit(Status.NO)


async def _play(settings: Settings, options: DemoOptions, publish: Publish) -> DemoResult:
    from cli.demo_play import play, sustainable_speed  # noqa: PLC0415  # keeps --help quick

    err.print(Text("finding out how fast this machine is …", style="dim"))
    speed = await sustainable_speed(settings, options, publish)
    with Live(console=err, refresh_per_second=4, transient=True) as live:

        def ended() -> None:
            live.stop()
            err.print(Text("comparing journal, mailbox and Temporal …", style="dim"))

        return await play(
            settings,
            options,
            publish,
            speed=speed,
            show=lambda progress: live.update(screen(progress)),
            planned=lambda found: live.console.print(plan_shown(found)),
            ended=ended,
        )


def _changed(program: Path, changed: Path | None) -> Program | None:
    """The version to publish in mid-play; None for a program of one's own without another one."""
    from adapters.files.program import read_program  # noqa: PLC0415  # keeps --help quick

    if changed is None:
        changed = SHIPPED / "acme-2.yaml" if program == SHIPPED / "acme.yaml" else None
    return read_program(changed) if changed is not None else None


def _empty(home: Path) -> None:
    """Remove what an earlier demonstration left; nothing else is ever removed."""
    from adapters.temporal.connection import known_address  # noqa: PLC0415  # keeps --help quick

    if known_address(home) is not None:
        raise WrongInputError(f"a demonstration plays in {home} already; wait, or use --data DIR")
    if home.exists() and any(home.iterdir()) and not (home / "leadflow.db").exists():
        raise WrongInputError(f"{home} holds no earlier demonstration; name another with --data")
    shutil.rmtree(home, ignore_errors=True)
