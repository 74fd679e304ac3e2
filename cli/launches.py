"""`leadflow launch status|list|pause|resume|cancel|undo|rejected`: what becomes of launches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    WrongInputError,
    out,
    print_json,
    print_table,
)
from cli.launch_report import launch_json, look_again, say_counts
from cli.launch_watch import progress_bar, start_launches, watch
from cli.session import explained, opened, read_settings, run_async

if TYPE_CHECKING:
    from rich.progress import Progress

    from adapters.sql.database import Database
    from models.launch import Launch

NumberArgument = Annotated[
    int, typer.Argument(metavar="LAUNCH", help="The launch's number; `launch list` names it.")
]
_MOST_NAMED = 20


def register(group: typer.Typer) -> None:
    """Add the commands to `leadflow launch`."""
    for command in (status, pause, resume, cancel, undo, rejected):
        group.command(command.__name__)(command)
    group.command("list")(list_launches)


def status(
    number: NumberArgument,
    *,
    following: Annotated[
        bool, typer.Option("--watch", help="Follow it until it is over or paused.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say how far a launch is, and of an undo which leads it left, and why.

    With --json the first object is about the launch, each further one about a lead that was left.

    Example: `leadflow launch status 3`
    """
    from usecases.launches import launch_of  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database, _asked(), progress_bar(as_json=as_json) as bar:
        launch = launch_of(database, number)
        if following:
            launch = _followed(database, launch, bar)
        _show(database, launch, as_json=as_json)


def list_launches(*, as_json: JsonOption = False) -> None:
    """List the latest launches, the newest first.

    Example: `leadflow launch list`
    """
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick
    from usecases.launches import launches  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database, explained():
        found = launches(database)
    if as_json:
        for one in found:
            print_json(launch_json(one))
        return
    table = Table("launch", "since", "by", "file", "program", "standing", "rows", "started")
    for one in found:
        table.add_row(
            str(one.number),
            write_instant(one.at),
            Text(one.by),
            Text(one.file),
            one.program,
            one.standing,
            str(one.size),
            str(one.created),
        )
    print_table(table)


def pause(number: NumberArgument, *, as_json: JsonOption = False) -> None:
    """Pause a launch: no further row is started. The batch under way, up to 20 rows, is finished.

    Leads that were started go on. Exit status 1 if it is not running.

    Example: `leadflow launch pause 3`
    """
    from usecases import launches  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database, _asked():
        _show(database, launches.pause(database, number), as_json=as_json)


def resume(
    number: NumberArgument,
    *,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="ROWS", help="At another rate.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Let a paused launch go on. Exit status 1 if it is not paused.

    Example: `leadflow launch resume 3`
    """
    from usecases import launches  # noqa: PLC0415  # keeps --help quick

    settings = read_settings()
    with opened(settings) as database, _asked():
        launch = launches.resume(database, number, rate=rate)
        run_async(start_launches(settings, database))
        _show(database, launch, as_json=as_json)


def cancel(number: NumberArgument, *, as_json: JsonOption = False) -> None:
    """End a launch: rows that were not started stay so, and leads that were started go on.

    Exit status 1 if it is over.

    Example: `leadflow launch cancel 3`
    """
    from usecases import launches  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database, _asked():
        _show(database, launches.cancel(database, number), as_json=as_json)


def undo(
    number: NumberArgument,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Close the leads that a launch created and nobody touched since.

    A touch is what a person or another system did or said: an event, an act, new data. Mail that
    was sent, delivered or opened by a machine is none. A launch that runs is ended first. What was
    left is said with the reason.

    Example: `leadflow launch undo 3`
    """
    from usecases import launches  # noqa: PLC0415  # keeps --help quick

    settings = read_settings()
    with opened(settings) as database, _asked(), progress_bar(as_json=as_json) as bar:
        launch = launches.undo(database, number)
        run_async(start_launches(settings, database))
        if not detach:
            launch = _followed(database, launch, bar)
        _show(database, launch, as_json=as_json)


def rejected(
    number: NumberArgument,
    *,
    to: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write to this file.")
    ] = None,
) -> None:
    """Write the rejected rows of a launch with their reasons, in the form of its list.

    Mend them there, and launch that file.

    Example: `leadflow launch rejected 3 --out mend.csv`
    """
    from usecases.launches import rejected_rows  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database, _asked():
        lines = rejected_rows(database, number)
        first = next(lines)
        if to is None:
            sys.stdout.writelines([first.removeprefix("\ufeff"), *lines])
        else:
            with to.open("w", encoding="utf-8", newline="") as file:
                file.write(first)
                file.writelines(lines)


@contextmanager
def _asked() -> Iterator[None]:
    """Turn refusals into answers of the command line."""
    from usecases.launches import (  # noqa: PLC0415  # keeps --help quick
        LaunchRefusedError,
        UnknownLaunchError,
    )

    try:
        with explained():
            yield
    except ValueError as error:
        raise WrongInputError(str(error)) from None
    except UnknownLaunchError as error:
        raise WrongInputError(str(error)) from None
    except LaunchRefusedError as error:
        raise NegativeAnswerError(str(error)) from None


def _followed(database: Database, launch: Launch, bar: Progress) -> Launch:
    from usecases.launches import launch_of  # noqa: PLC0415  # keeps --help quick

    try:
        return watch(database, launch, bar)
    except KeyboardInterrupt:  # it goes on by itself
        return launch_of(database, launch.number)


def _show(database: Database, launch: Launch, *, as_json: bool) -> None:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick
    from models.launch import UNDER_WAY  # noqa: PLC0415  # likewise
    from usecases.launches import kept_leads  # noqa: PLC0415  # likewise

    if as_json:
        print_json(launch_json(launch))
        for lead, why in kept_leads(database, launch.number):
            print_json({"lead": lead, "left": why})
        return
    by = f" by {launch.by}" if launch.by else ""
    out.print(Text(f"launch {launch.number}: {launch.file}, {write_instant(launch.at)}{by}"))
    out.print(f"{launch.standing}, {launch.done} of {launch.size} rows done")
    say_counts(launch)
    if launch.standing in ("undoing", "undone"):
        out.print(f"undo: {launch.closed} leads closed, {launch.kept} left")
    for lead, why in islice(kept_leads(database, launch.number), _MOST_NAMED):
        out.print(Text(f"  left: {lead}: {why}"))
    if launch.kept > _MOST_NAMED:
        out.print(f"  and {launch.kept - _MOST_NAMED} more; --json names all")
    if launch.rejected:
        out.print(f"rejected rows: leadflow launch rejected {launch.number}")
    if launch.standing in UNDER_WAY:
        out.print(f"look again: {look_again(launch)}")
