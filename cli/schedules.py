"""`leadflow schedule`: what runs when, how the last runs ended, and runs by hand."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Panel,
    Status,
    WorldFailedError,
    WrongInputError,
    out,
    print_json,
    print_table,
)
from cli.rollouts import ByOption
from cli.schedule_report import (
    in_words,
    instant_text,
    lead_reasons,
    preview_counts,
    print_runs,
    run_json,
    schedule_json,
    standing_words,
    when_words,
)
from cli.session import connected, opened, read_settings, run_async

if TYPE_CHECKING:
    from adapters.sql.database import Database
    from adapters.temporal.schedules import Schedules

Value = TypeVar("Value")

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Such as reengage/acme; see `leadflow schedule list`.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Why; it is shown beside the schedule.")]
_ANSWER_SECONDS = 60.0


def register(app: typer.Typer) -> None:
    """Add `schedule list|show|trigger|pause|resume`."""
    schedule = typer.Typer(no_args_is_help=True, help="Recurring work: re-engagement, digests.")
    for command in (show_all, show, trigger, pause, resume):
        schedule.command("list" if command is show_all else command.__name__)(command)
    app.add_typer(schedule, name="schedule", rich_help_panel=Panel.MARKETING)


def show_all(*, as_json: JsonOption = False) -> None:
    """List the schedules of all programs and of this installation, and when each runs next.

    Exit status 1 if Temporal lacks one; `leadflow temporal setup` makes it.

    Example: `leadflow schedule list`
    """
    from usecases.scheduling import all_schedules  # noqa: PLC0415  # keeps --help quick

    found = _with_temporal(all_schedules)
    if as_json:
        for one in found:
            print_json(schedule_json(one))
    else:
        table = Table("schedule", "when", "next run", "last run", "standing")
        for one in found:
            standing = one.standing
            table.add_row(
                *(Text(cell) for cell in (one.name, when_words(one))),
                instant_text(standing.next if standing else None),
                instant_text(standing.last if standing else None),
                Text(standing_words(one)),
            )
        print_table(table)
    if any(one.standing is None for one in found):
        raise typer.Exit(Status.NO)


def show(
    name: NameArgument,
    *,
    leads: Annotated[
        bool,
        typer.Option("--leads", help="Of re-engagement: say for each lead why it is not taken."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a schedule, and how its last runs ended.

    Of re-engagement it also says how many leads a run would take now, and why it would not take the
    others. With --json the first object is about the schedule. Then comes one about what a run
    would take now, one for each lead if --leads is given, and one for each of the last runs.

    Example: `leadflow schedule show reengage/acme --leads`
    """
    from usecases.scheduling import schedule_named  # noqa: PLC0415  # keeps --help quick

    found = _with_temporal(lambda *world: schedule_named(name, *world))
    if as_json:
        print_json(schedule_json(found))
    else:
        out.print(Text(f"{found.name}: {when_words(found)}, {standing_words(found)}"))
        if found.standing is not None:
            out.print(f"  next run {instant_text(found.standing.next) or 'none'}")
            out.print(f"  last run {instant_text(found.standing.last) or 'none'}")
    if found.kind == "reengage" and found.program is not None:
        _show_reengagement(found.program, leads=leads, as_json=as_json)


def trigger(
    name: NameArgument,
    *,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the run's end, a minute at most.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Have a schedule begin a run now, also if it is paused.

    Exit status 1 if a run is under way already, 3 if it has not ended within a minute. Then it goes
    on by itself; see `leadflow schedule show NAME`.

    Example: `leadflow schedule trigger reengage/acme`
    """
    from usecases import scheduling  # noqa: PLC0415  # keeps --help quick

    async def work(database: Database, schedules: Schedules) -> str:
        workflow = await scheduling.trigger(name, database, schedules)
        if wait:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await schedules.ended(workflow)
            except TimeoutError:
                raise WorldFailedError(
                    f"the run {workflow} has not ended within {_ANSWER_SECONDS:.0f} seconds; it"
                    " goes on if a worker runs, so don't ask again"
                ) from None
        return workflow

    workflow = _with_temporal(work)
    kind, _, program = name.partition("/")
    report = None
    if wait and kind == "reengage":
        with opened(read_settings()) as database:
            report = next(iter(scheduling.runs(database, program, most=1)), None)
    if as_json:
        ended = {} if report is None else run_json(report)
        print_json({"ok": True, "workflow": workflow, **ended})
    else:
        out.print(Text(f"{workflow} {'has ended' if wait else 'has begun'}"))
        if report is not None:
            print_runs((report,))


def pause(
    name: NameArgument, *, note: NoteOption = "", by: ByOption = None, as_json: JsonOption = False
) -> None:
    """Let a schedule begin no run until it is resumed. A run that is under way goes on.

    Publishing leaves it paused. Exit status 1 if it is paused already.

    Example: `leadflow schedule pause reengage/acme --note "holidays"`
    """
    _set_paused(name, paused=True, note=note, by=by, as_json=as_json)


def resume(
    name: NameArgument, *, note: NoteOption = "", by: ByOption = None, as_json: JsonOption = False
) -> None:
    """Let a paused schedule go on. Runs that it missed meanwhile are not made up for.

    Exit status 1 if it is not paused.

    Example: `leadflow schedule resume reengage/acme`
    """
    _set_paused(name, paused=False, note=note, by=by, as_json=as_json)


def _set_paused(name: str, *, paused: bool, note: str, by: str | None, as_json: bool) -> None:
    from usecases.scheduling import set_paused  # noqa: PLC0415  # keeps --help quick

    said = f"{note} (by {by or getpass.getuser()})".strip()
    if not _with_temporal(lambda *world: set_paused(name, *world, paused=paused, note=said)):
        raise NegativeAnswerError(f"{name} is {'paused already' if paused else 'not paused'}")
    if as_json:
        print_json({"ok": True, "schedule": name, "paused": paused})
    else:
        out.print(Text(f"{name} {'is paused' if paused else 'goes on'}"))


def _with_temporal(ask: Callable[[Database, Schedules], Awaitable[Value]]) -> Value:
    """The answer of a use case. Its errors become the command line's."""
    from adapters.temporal.schedules import Schedules  # noqa: PLC0415  # keeps --help quick
    from usecases.scheduling import (  # noqa: PLC0415  # likewise
        ScheduleError,
        UnknownScheduleError,
    )

    settings = read_settings()
    with opened(settings) as database:

        async def asking() -> Value:
            async with connected(settings) as client:
                return await ask(database, Schedules(client, prefix=settings.queue_prefix))

        try:
            return run_async(asking())
        except UnknownScheduleError as error:
            raise WrongInputError(str(error)) from None
        except ScheduleError as error:
            raise NegativeAnswerError(str(error)) from None


def _show_reengagement(program: str, *, leads: bool, as_json: bool) -> None:
    from cli.publishing import published  # noqa: PLC0415  # keeps --help quick
    from usecases import scheduling  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        runs = scheduling.runs(database, program)
        now = scheduling.preview(database, published(program, database))
    if as_json:
        print_json({"now": preview_counts(now)})
        for lead in lead_reasons(now) if leads else ():
            print_json(lead)
        for run in runs:
            print_json(run_json(run))
        return
    counts = preview_counts(now)
    out.print(
        f"  a run would take {counts['takes']} leads now, and leave {counts['left_over']} for the"
        f" next; not taken: {in_words(now.selection.why_not)}"
    )
    for lead in lead_reasons(now) if leads else ():
        out.print(Text(f"    {lead['lead']}: {lead['why'] or lead['becomes']}"))
    if runs:
        print_runs(runs)
