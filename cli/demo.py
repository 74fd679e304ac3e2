"""The demonstration: a hundred and twenty leads live half a year in three minutes."""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from assembly.shipped import SHIPPED
from cli.console import JsonOption, Panel, Status, WorldFailedError, WrongInputError, err
from cli.demo_report import STAGES, Figures, Played, print_report, report_json
from cli.publishing import choose, warn
from cli.session import read_settings, run_async

if TYPE_CHECKING:
    from email.message import EmailMessage

    from adapters.files.leads import CheckedLeads
    from adapters.reports.leads import SqlReports
    from adapters.sql.database import Database
    from adapters.temporal.client import Leads
    from assembly.stack import Stack
    from demonstration.cast import Cast
    from models.envelopes import ProgramClock
    from models.program.program import Program

BEGINS = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""The program's instant at the beginning: a Monday, nine o'clock in New York."""
FASTEST = 86_400.0
"""A day a second."""
_EASY = 30.0
"""Leads a second that a machine must start, of a few at once, to keep up with a day a second."""
_LAUNCH_SHARE = 0.12
"""The share of the time over which the list is launched; all at once no clock would keep up."""
_LOOKS = 600
"""How often it is looked whether the leads launched last have taken their first turn."""
_TRIED = 12
"""Leads started to find out how fast this machine is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is played, and for how long (real seconds)."""

    file: Path
    program: Path
    teams: Path
    seconds: int
    home: Path


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
            metavar="FILE", help="The sales people who play.", show_default="programs/teams.yaml"
        ),
    ] = SHIPPED / "teams.yaml",
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Where its files are; emptied at the start.")
    ] = Path(".leadflow/demo"),
    as_json: JsonOption = False,
) -> None:
    """Play 120 leads through the whole stack: about three minutes, then a report.

    Temporal, a mailbox and the worker are started; prospects read the mail that arrives by
    SMTP and react, sales people accept or forget, by the buttons of alerts and at the desk or by
    Temporal updates. Exit status 0 only if the journal, the mailbox and Temporal agree on every
    mail and every lead.

    Example: `leadflow demo --seconds 60`
    """
    from assembly import logs  # noqa: PLC0415  # keeps --help quick

    settings = read_settings()
    logs.configure(settings.log_format, "error")
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    play = Play(file=leads, program=program, teams=teams, seconds=seconds, home=data)
    _emptied(data)
    played = run_async(_played(play))
    if as_json:
        report_json(played)
    else:
        print_report(played)
    if played.agreement.differences:
        raise typer.Exit(Status.NO)


def _emptied(home: Path) -> None:
    """Remove what an earlier demonstration left; nothing else is ever removed."""
    from adapters.temporal.client import known_address  # noqa: PLC0415  # keeps --help quick

    if known_address(home) is not None:
        raise WrongInputError(f"a demonstration plays in {home} already; wait, or use --data DIR")
    if home.exists() and any(home.iterdir()) and not (home / "leadflow.db").exists():
        raise WrongInputError(f"{home} holds no earlier demonstration; name another with --data")
    shutil.rmtree(home, ignore_errors=True)


def _alone(home: Path) -> dict[str, object]:
    """The settings of a demonstration: its files are its own, no CRM and no chat hears of it."""
    return {"home": home, "database_url": "", "crm_url": "", "alert_webhooks": {}}


async def _played(play: Play) -> Played:
    from adapters.files.leads import checked_leads  # noqa: PLC0415  # likewise
    from adapters.sql.database import open_database  # noqa: PLC0415  # keeps --help quick
    from assembly.stack import SHUTDOWN_GRACE, Ports, running_stack  # noqa: PLC0415  # likewise
    from models.envelopes import ProgramClock  # noqa: PLC0415  # likewise

    speed = await _bearable_speed(play)
    post = _Post()
    settings = read_settings().model_copy(update=_alone(play.home))
    clock = ProgramClock(wall=datetime.now(UTC), program=BEGINS, speed=speed)
    async with running_stack(settings, Ports(), on_mail=post, clock=clock) as stack:
        # Rejected rows are written beside the file; the shipped one's folder is not ours.
        copy = Path(shutil.copy(play.file, play.home))
        database = open_database(stack.settings.database)
        try:
            program = _published(play, database)
            with checked_leads(copy, program) as leads:
                played = await _performed(
                    play, stack, database, leads, program=program, post=post, clock=clock
                )
        finally:
            database.close()
    await asyncio.sleep(SHUTDOWN_GRACE)
    return played


def _published(play: Play, database: Database) -> Program:
    chosen = choose(str(play.program), play.teams, database)
    warn(chosen.publish(database))
    return chosen.program


class _Post:
    """Hands mail to the cast once there is one."""

    def __init__(self) -> None:
        self.cast: Cast | None = None

    def __call__(self, mail: EmailMessage) -> None:
        if self.cast is not None:
            self.cast.mail(mail)


async def _bearable_speed(play: Play) -> float:
    """How fast the clock may go: a day a second, less where this machine can't keep up.

    Found out by starting a few leads on a stack of their own, which is thrown away.
    """
    from adapters.files.leads import checked_leads  # noqa: PLC0415  # likewise
    from adapters.sql.database import open_database  # noqa: PLC0415  # keeps --help quick
    from adapters.temporal.client import Leads  # noqa: PLC0415  # likewise
    from assembly.stack import Ports, running_stack  # noqa: PLC0415  # likewise

    err.print(Text("finding out how fast this machine is …", style="dim"))
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings().model_copy(update=_alone(Path(folder)))
        async with running_stack(settings, Ports()) as stack:
            copy = Path(shutil.copy(play.file, folder))
            database = open_database(stack.settings.database)
            try:
                program = _published(play, database)
                door = Leads(stack.client, stack.world.journal)
                with checked_leads(copy, program) as leads:
                    tried = list(itertools.islice(leads, _TRIED))
                began = time.monotonic()
                await asyncio.gather(*(door.enrol(one.id, program, one.profile) for one in tried))
                # A question is answered after the lead's first turn.
                await asyncio.gather(*(door.standing(one.id) for one in tried))
                per_second = len(tried) / (time.monotonic() - began)
            finally:
                database.close()
    return FASTEST * min(1.0, per_second / _EASY)


async def _performed(
    play: Play,
    stack: Stack,
    database: Database,
    leads: CheckedLeads,
    *,
    program: Program,
    post: _Post,
    clock: ProgramClock,
) -> Played:
    import httpx  # noqa: PLC0415  # keeps --help quick

    from adapters.delivery.catcher import messages  # noqa: PLC0415  # likewise
    from adapters.reports.leads import SqlReports  # noqa: PLC0415  # likewise
    from adapters.sql.api_keys import SqlApiKeys  # noqa: PLC0415  # likewise
    from adapters.temporal.client import Leads  # noqa: PLC0415  # likewise
    from demonstration.agreement import compare  # noqa: PLC0415  # likewise
    from demonstration.cast import Cast  # noqa: PLC0415  # likewise
    from demonstration.desk_visits import DeskVisits  # noqa: PLC0415  # likewise
    from demonstration.doors import Doors  # noqa: PLC0415  # likewise
    from lifecycle.program.profile import lead_zone  # noqa: PLC0415  # likewise

    people = stack.world.people.directory()
    door = Leads(stack.client, stack.world.journal, clock=clock)
    zones = {one.id: lead_zone(one.profile, program) for one in leads}
    second = program.handoff.qualify.then_to if program.handoff and program.handoff.qualify else ""
    closers = {one.email for one in people.teams[second].members} if second else set()
    key = SqlApiKeys(database).make("demonstration", ["leads:write", "events:write"])
    http = httpx.AsyncClient(timeout=30.0)
    doors = Doors(http, url=stack.gateway, inbound=stack.inbound_port, key=key)
    desk = DeskVisits(stack.gateway)
    cast = post.cast = Cast(door, doors, desk, clock=clock, zones=zones, closers=closers)
    reports = SqlReports(database)
    playing = asyncio.create_task(cast.play())
    try:
        with Live(console=err, refresh_per_second=4, transient=True) as screen:
            ends = time.monotonic() + play.seconds
            pause = play.seconds * _LAUNCH_SHARE / max(1, leads.valid)
            launch = asyncio.create_task(_launch(door, program, leads, pause))
            while (left := ends - time.monotonic()) > 0:
                if playing.done():
                    await playing
                share = 1 - left / play.seconds
                screen.update(_picture(stack, cast, reports, clock.speed, share))
                await asyncio.sleep(min(0.5, left))
            await launch
            await _all_there(reports, len(zones))
    finally:
        cast.end()
        await playing
        await http.aclose()
        await desk.close()
    err.print(Text("comparing journal, mailbox and Temporal …", style="dim"))
    figures = Figures.read(reports, lasted=cast.now() - BEGINS)
    return Played(
        figures=figures,
        agreement=await compare(reports, lambda: messages(stack.mail), door),
        rejected=leads.rejected,
        done=dict(cast.done),
        places={**stack.places(), "home": str(play.home)},
    )


async def _launch(door: Leads, program: Program, leads: CheckedLeads, pause: float) -> None:
    for one in leads:
        await door.enrol(one.id, program, one.profile)
        await asyncio.sleep(pause)


async def _all_there(reports: SqlReports, launched: int) -> None:
    """Wait until every launched lead has taken its first turn, so that figures tell of all."""
    for _ in range(_LOOKS):
        if sum(reports.stages().values()) >= launched:
            return
        await asyncio.sleep(0.1)
    raise WorldFailedError("the worker did not get through the launch; is the machine busy?")


def _picture(stack: Stack, cast: Cast, reports: SqlReports, speed: float, share: float) -> Group:
    """The demonstration as it stands."""
    stages = reports.stages()
    most = max(stages.values(), default=1)
    table = Table.grid(padding=(0, 1))
    for stage, style in STAGES:
        count = stages.get(stage, 0)
        bar = "█" * round(40 * count / most)
        table.add_row(Text(stage, style=style), Text(f"{count:>4}"), Text(bar, style=style))
    mail, acceptance = reports.mail(), reports.acceptance()
    day = cast.now().astimezone(ZoneInfo("America/New_York"))
    head = Text(f"{day:%A, %d %B %Y, %H:00}", style="bold")
    head.append(f"   a day takes {FASTEST / speed:.1f} s   ", style="dim not bold")
    head.append(stack.ui, style="underline not bold")
    foot = Text(
        f"{mail.sent} mails sent, {mail.deferred} deferred, {mail.skipped} skipped;"
        f" {acceptance.ended} handoffs answered, {acceptance.in_time} in time;"
        f" {sum(reports.breaches().values())} breaches; {cast.done['win']} deals won",
        style="dim",
    )
    return Group(head, ProgressBar(total=1.0, completed=share, width=60), table, foot)
