"""The command that starts a file of leads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli.console import (
    JsonOption,
    Panel,
    Status,
    WorldFailedError,
    WrongInputError,
    err,
    out,
    print_json,
)
from cli.lists import (
    ColumnsOption,
    EncodingOption,
    MapOption,
    list_options,
    read_as,
    say_read_as,
    show_columns,
)
from cli.publishing import RemoveOption, choose, publish_on
from cli.session import connected, leads_on, opened, read_settings, run_async
from usecases.publishing import ChosenProgram

if TYPE_CHECKING:
    from adapters.files.leads import CheckedLeads
    from adapters.sql.database import Database
    from assembly.settings import Settings
    from lifecycle.program.new_lead import NewLead
    from models.program.program import Program
    from usecases.naming import Named
    from usecases.reading_lists import ListOptions

NAMED_AT_ONCE = 500
"""Leads whose names are looked up in one transaction."""
AT_ONCE = 32
"""Leads that are being started at the same time; more only queue up in the server."""
INTERRUPTED = 130
"""The shell's own exit status for a Ctrl-C."""


def register(app: typer.Typer) -> None:
    """Add `launch`."""
    app.command("launch", rich_help_panel=Panel.MARKETING)(launch)


@dataclass(slots=True)
class Counts:
    """What became of the rows of a file."""

    started: int = 0
    there_already: int = 0
    rejected: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    """Valid rows whose address and id belong to two leads, or to one that may not be moved."""
    interrupted: bool = False


def launch(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Leads as CSV with a header, or as JSON Lines.")
    ],
    *,
    program: Annotated[
        str | None,
        typer.Option(
            "--program",
            metavar="NAME|FILE",
            help="A program's file, which is published, or the name of one published before.",
        ),
    ] = None,
    teams: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A teams file: the sales people to apply first."),
    ] = None,
    encoding: EncodingOption = None,
    mapping: MapOption = None,
    columns: ColumnsOption = False,
    remove: RemoveOption = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Update the profiles of leads that are there already, and their addresses by id.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Start a file of leads on a program; those that are there already are left alone.

    One person is one lead: a row is looked up by its address, then by its id. An id that comes
    with a known address becomes another id of that lead. A row whose id is known and whose address
    is new moves that lead with `--overwrite` only.

    A CSV is read as people have it: exports of HubSpot, Salesforce, Mailchimp and others, in any
    encoding, with any separator. Columns that mean nothing here are left out and named; `--columns`
    shows what is understood, `--map` says what a column means. In JSON Lines each line is an object
    with the names of the fields.
    Every row is checked before the first lead is started. Invalid rows go to
    `FILE.rejected.csv` (or `.rejected.jsonl`) with a `reason`: mend them there and launch that.
    An interrupted launch goes on when the same command is run again.

    Exit status 2 if no row is valid or the file can't be used; nothing is started then.

    Example: `leadflow launch programs/leads.csv --program programs/acme.yaml`

    Example: `leadflow launch hubspot.csv --columns`
    """
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # slow to import
    from usecases.reading_lists import UnusableFileError, read_leads  # noqa: PLC0415  # likewise

    options = list_options(encoding, mapping)
    if columns:
        _show(file, program, teams, options, as_json=as_json)
        return
    if program is None:
        raise WrongInputError("--program: say on which program the leads are started")
    settings = read_settings()
    counts = Counts()
    with opened(settings) as database, _bar(as_json=as_json) as bar:
        chosen = choose(program, teams, database)
        size = file.stat().st_size if file.is_file() else None
        checking = bar.add_task("checking", total=size)
        try:
            people = chosen.directory or SqlDirectory(database).directory()
            with read_leads(
                file,
                chosen.program,
                people,
                options,
                lambda done: bar.update(checking, completed=done),
            ) as leads:
                bar.remove_task(checking)
                counts.rejected = leads.rejected
                task = bar.add_task("starting", total=leads.valid)
                if leads.valid:
                    _start(
                        settings,
                        database,
                        chosen,
                        leads,
                        counts,
                        remove=remove,
                        overwrite=overwrite,
                        advance=lambda: bar.advance(task),
                    )
        except UnusableFileError as error:
            raise WrongInputError(str(error)) from None
        except KeyboardInterrupt:
            err.print(Text("interrupted; nothing was started yet", style="yellow"))
            raise typer.Exit(INTERRUPTED) from None
    _tell(file, chosen.program, leads, counts, as_json=as_json)
    if counts.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not leads.valid:
        raise typer.Exit(Status.WRONG_INPUT)


def _show(
    file: Path, program: str | None, teams: Path | None, options: ListOptions, *, as_json: bool
) -> None:
    """Show what is understood of a file; a program is needed for its own fields only."""
    from adapters.files.teams import read_directory  # noqa: PLC0415  # slow to import
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # likewise
    from usecases.reading_lists import UnusableFileError, understand_leads  # noqa: PLC0415  # likewise

    chosen, people = None, read_directory(teams) if teams is not None else None
    if program is not None:
        with opened(read_settings()) as database:
            found = choose(program, teams, database)
            chosen, people = found.program, found.directory or SqlDirectory(database).directory()
    try:
        show_columns(understand_leads(file, chosen, people, options), file, as_json=as_json)
    except UnusableFileError as error:
        raise WrongInputError(str(error)) from None


def _bar(*, as_json: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=as_json or not err.is_terminal,
    )


def _start(
    settings: Settings,
    database: Database,
    chosen: ChosenProgram,
    leads: CheckedLeads,
    counts: Counts,
    *,
    remove: bool,
    overwrite: bool,
    advance: Callable[[], None],
) -> None:
    from adapters.sql.intake import SqlIntake  # noqa: PLC0415  # keeps --help quick
    from usecases import enrolling  # noqa: PLC0415  # likewise

    def name(some: list[NewLead]) -> list[Named | str]:
        remedy = None if overwrite else "to move it, launch with --overwrite"
        return enrolling.name_leads(SqlIntake(database), some, remedy=remedy)

    async def start() -> None:
        async with connected(settings) as client:
            await publish_on(client, settings, database, chosen, remove=remove)
            begin = partial(
                enrolling.start,
                leads_on(client, settings, database),
                program=chosen.program,
                overwrite=overwrite,
            )
            rows = iter(leads)
            while some := list(islice(rows, NAMED_AT_ONCE)):
                queue = zip(some, await asyncio.to_thread(name, some), strict=True)
                starters = (_starter(begin, queue, counts, advance) for _ in range(AT_ONCE))
                await asyncio.gather(*starters)

    try:
        run_async(start())
    except KeyboardInterrupt:
        counts.interrupted = True
    except WorldFailedError as error:
        if not counts.started:
            raise
        raise WorldFailedError(
            f"{error}\n{counts.started} leads were started before; the same command goes on"
        ) from None


async def _starter(
    begin: Callable[..., Awaitable[bool]],
    queue: Iterator[tuple[NewLead, Named | str]],
    counts: Counts,
    advance: Callable[[], None],
) -> None:
    from models.instants import whole_second  # noqa: PLC0415  # keeps --help quick

    for lead, named in queue:
        if isinstance(named, str):
            counts.refused.append({"id": lead.id, "why": named})
        else:
            now = whole_second(datetime.now(UTC))
            if await begin(named, lead, now=now):
                counts.started += 1
            else:
                counts.there_already += 1
        advance()


def _tell(
    file: Path, program: Program, leads: CheckedLeads, counts: Counts, *, as_json: bool
) -> None:
    where = str(leads.rejects) if leads.rejects is not None else None
    if as_json:
        named = {"program": program.program, "digest": program.digest}
        told = {"rejects": where, "file": read_as(leads.rows, leads.translation)}
        print_json({**named, "valid": leads.valid, **asdict(counts), **told})
        return
    say_read_as(leads.rows, leads.translation)
    if counts.interrupted:
        err.print(Text("interrupted; run the same command again to go on", style="yellow"))
    if leads.valid:
        out.print(
            f"{counts.started} leads started on {program.program},"
            f" {counts.there_already} were there already, {counts.rejected} rows rejected"
        )
        for one in counts.refused:
            err.print(Text(f"the row of id {one['id']} was refused: {one['why']}", style="yellow"))
    elif counts.rejected:
        err.print(Text(f"none of the {counts.rejected} rows of {file} is valid", style="red"))
    else:
        err.print(Text(f"{file} has a header and no rows: there is nothing to launch", style="red"))
    if where is not None:
        out.print(Text(f"rejected rows, each with its reason: {where}"))
