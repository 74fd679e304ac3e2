"""The command that starts a file of leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
)
from cli.launch_report import Counts, report
from cli.lists import (
    ColumnsOption,
    EncodingOption,
    MapOption,
    list_options,
    show_columns,
)
from cli.publishing import RemoveOption, choose, publish_on
from cli.session import connected, leads_on, opened, read_settings, run_async
from models.on_conflict import OnConflict
from usecases.publishing import ChosenProgram

if TYPE_CHECKING:
    from adapters.files.leads import CheckedLeads
    from adapters.sql.database import Database
    from assembly.settings import Settings
    from usecases.reading_lists import ListOptions

INTERRUPTED = 130
"""The shell's own exit status for a Ctrl-C."""


def register(app: typer.Typer) -> None:
    """Add `launch`."""
    app.command("launch", rich_help_panel=Panel.MARKETING)(launch)


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
    on_conflict: Annotated[
        OnConflict,
        typer.Option(
            "--on-conflict",
            help="What a row does to a lead that is there already: nothing, fill its empty fields,"
            " or overwrite its fields, and its address by id.",
        ),
    ] = "keep",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the launch would do, and do nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Start a file of leads on a program; those that are there already are left alone.

    One person is one lead: a row is looked up by its address, then by its id. An id that comes
    with a known address becomes another id of that lead. A row whose id is known and whose address
    is new moves that lead with `--on-conflict overwrite` only. An empty cell changes nothing.

    A CSV is read as people have it: exports of HubSpot, Salesforce, Mailchimp and others, in any
    encoding, with any separator. Columns that mean nothing here are left out and named; `--columns`
    shows what is understood, `--map` says what a column means. In JSON Lines each line is an object
    with the names of the fields.

    Every row is checked before the first lead is started. Invalid rows go to
    `FILE.rejected.csv` (or `.rejected.jsonl`) with a `reason`: mend them there and launch that.
    `--dry-run` says what would be created, updated, unchanged and rejected. Rows are stored before
    their leads are started; an interrupted launch goes on when the same command is run again.

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
                valid = leads.valid
                task = bar.add_task("starting", total=valid)
                if valid:
                    _start(
                        settings,
                        database,
                        chosen,
                        leads,
                        counts,
                        remove=remove,
                        on_conflict=on_conflict,
                        dry_run=dry_run,
                        advance=lambda rows: bar.advance(task, rows),
                    )
        except UnusableFileError as error:
            raise WrongInputError(str(error)) from None
        except KeyboardInterrupt:
            err.print(Text("interrupted; nothing was started yet", style="yellow"))
            raise typer.Exit(INTERRUPTED) from None
    report(file, chosen.program, leads, counts, dry_run=dry_run, as_json=as_json)
    if counts.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not counts.started + counts.there_already:
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
    on_conflict: OnConflict,
    dry_run: bool,
    advance: Callable[[int], None],
) -> None:
    from adapters.sql.intake import SqlIntake  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise
    from models.instants import whole_second  # noqa: PLC0415  # likewise
    from usecases import launching  # noqa: PLC0415  # likewise
    from usecases.relay import Relay  # noqa: PLC0415  # likewise

    launch = launching.Launch(
        intake=SqlIntake(database, gather=timedelta(0)),
        leads=leads,
        program=chosen.program,
        conflict=on_conflict,
        clock=lambda: whole_second(datetime.now(UTC)),
        count=lambda outcome: counts.add(outcome.status),
    )
    if dry_run:
        launch.dry_run()
        return

    async def start() -> None:
        async with connected(settings) as client:
            await publish_on(client, settings, database, chosen, remove=remove)
            door = leads_on(client, settings, database)
            await launch.run(Relay(launch.intake, SqlPrograms(database), door), advance)

    try:
        run_async(start())
    except KeyboardInterrupt:
        counts.interrupted = True
    except launching.NotRelayedError as error:
        raise WorldFailedError(str(error)) from None
    except WorldFailedError as error:
        if not counts.started:
            raise
        raise WorldFailedError(
            f"{error}\n{counts.started} leads were stored before; the same command goes on"
        ) from None
