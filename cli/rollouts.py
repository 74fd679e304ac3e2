"""`leadflow program pause|resume|status`: what a program does to all its leads in flight."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    WrongInputError,
    out,
    print_json,
    print_table,
)
from cli.publishing import start_rollouts
from cli.session import connected, opened, read_settings, run_async

if TYPE_CHECKING:
    from models.rollout import Rollout

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A published program's name.")]
ByOption = Annotated[
    str | None,
    typer.Option("--by", envvar="LEADFLOW_BY", help="Who does it; else the account's name."),
]


def register(program: typer.Typer) -> None:
    """Add the commands to `leadflow program`."""
    program.command("pause")(pause)
    program.command("resume")(resume)
    program.command("status")(status)


def pause(name: NameArgument, *, by: ByOption = None, as_json: JsonOption = False) -> None:
    """Pause a program's nurture: no step of a track is done, and no nurture mail leaves.

    Scores, stages, handoffs and their clocks go on. When the command has returned, no nurture
    mail of the program leaves any more. Exit status 1 if it is paused already.

    Example: `leadflow program pause acme`
    """
    _set(name, pause=True, by=by, as_json=as_json)


def resume(name: NameArgument, *, by: ByOption = None, as_json: JsonOption = False) -> None:
    """Let a paused program go on. Every wait is longer by the time for which it stood still.

    Exit status 1 if the program is not paused.

    Example: `leadflow program resume acme`
    """
    _set(name, pause=False, by=by, as_json=as_json)


def _set(name: str, *, pause: bool, by: str | None, as_json: bool) -> None:
    from usecases import pausing  # noqa: PLC0415  # keeps --help quick
    from usecases.publishing import UnknownProgramError  # noqa: PLC0415  # likewise

    settings = read_settings()
    with opened(settings) as database:
        ask = pausing.pause if pause else pausing.resume
        try:
            rollout = ask(database, name, by=by or getpass.getuser())
        except UnknownProgramError as error:
            raise WrongInputError(str(error)) from None

        async def starting() -> None:
            if pause:
                await pausing.until_no_mail_leaves(database, name)
            async with connected(settings) as client:
                await start_rollouts(client, settings, database)

        run_async(starting())
    if rollout is None:
        raise NegativeAnswerError(f"{name} is {'paused already' if pause else 'not paused'}")
    if as_json:
        print_json({"ok": True, "name": name, "paused": pause})
    else:
        out.print(f"{name} is paused" if pause else f"{name} goes on")


def status(name: NameArgument, *, as_json: JsonOption = False) -> None:
    """Say whether a program is paused, where its leads in flight stand, and what is under way.

    With --json the first object is about the program, each further one about a rollout.

    Example: `leadflow program status acme`
    """
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.rollouts import SqlRollouts  # noqa: PLC0415  # likewise
    from cli.publishing import published  # noqa: PLC0415  # likewise
    from usecases.versions import in_flight  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        newest = published(name, database).digest
        paused = SqlPrograms(database).paused(name)
        standing = in_flight(name, database)
        rollouts = SqlRollouts(database).latest(name)
    if as_json:
        print_json({"name": name, "newest": newest, "paused": paused, "in_flight": standing})
        for one in rollouts:
            print_json(_as_json(one))
        return
    out.print(f"{name}, newest {newest[:12]}{', paused' if paused else ''}")
    for digest, leads in standing.items():
        out.print(f"  {leads} in flight on {digest[:12]}")
    table = Table("number", "what", "since", "by", "sent", "standing")
    for one in rollouts:
        table.add_row(*_row(one))
    if rollouts:
        print_table(table)
    for one in rollouts:
        for lead, why in one.failed.items():
            out.print(f"  not reached: {lead}: {why}")


def _row(one: Rollout) -> tuple[str, ...]:
    from activities.rollout import rollout_words  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    if one.ended is not None:
        standing = "done" if not one.failed else f"done, {len(one.failed)} not reached"
    elif one.sweep == 0:
        standing = "sending to leads that are due earlier"
    else:
        standing = f"under way, after lead {one.cursor}" if one.cursor else "under way"
    at = write_instant(one.at)
    return str(one.number), rollout_words(one), at, one.by, str(one.sent), standing


def _as_json(one: Rollout) -> dict[str, object]:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    return {
        "number": one.number,
        **one.body,
        "workflow": one.workflow,
        "rate": one.rate,
        "at": write_instant(one.at),
        "by": one.by,
        "sent": one.sent,
        "failed": dict(one.failed),
        "ended": write_instant(one.ended) if one.ended is not None else None,
    }
