"""The command that starts a file of leads, with its sisters that look after a launch.

The file is long because one command has many options.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli import launches
from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Panel,
    Status,
    WrongInputError,
    command_name,
    err,
    out,
    print_json,
)
from cli.default_command import WithDefault
from cli.launch_report import launch_json, look_again, report_launch, report_plan
from cli.launch_watch import progress_bar, start_launches, watch
from cli.lists import (
    ColumnsOption,
    EncodingOption,
    MapOption,
    list_options,
    show_columns,
)
from cli.publishing import RemoveOption, choose, publish_on, warn_of_removals
from cli.rollouts import ByOption
from cli.session import connected, explained, opened, read_settings, run_async
from models.launch import RATE
from models.on_conflict import OnConflict
from usecases.publishing import ChosenProgram

if TYPE_CHECKING:
    from rich.progress import Progress

    from adapters.files.leads import CheckedLeads
    from adapters.sql.database import Database
    from assembly.settings import Settings
    from models.launch import Launch
    from usecases.reading_lists import ListOptions

INTERRUPTED = 130
"""The shell's own exit status for a Ctrl-C."""

DetachOption = Annotated[
    bool, typer.Option("--detach", help="Return as soon as all rows are stored.")
]


def register(app: typer.Typer) -> None:
    """Add `launch`, with all that is asked of launches."""
    group = typer.Typer(
        cls=WithDefault,
        no_args_is_help=True,
        help="Start a file of leads on a program (`launch FILE`), and look after launches.\n\n"
        "`launch FILE` is short for `launch file FILE`; `launch file --help` names its options.",
    )
    group.command("file")(launch)
    launches.register(group)
    app.add_typer(group, name="launch", rich_help_panel=Panel.MARKETING)


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
    rate: Annotated[
        float, typer.Option("--rate", metavar="ROWS", help="At most so many rows a second.")
    ] = RATE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the launch would do, and do nothing.")
    ] = False,
    detach: DetachOption = False,
    by: ByOption = None,
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
    `--dry-run` says what would be created, updated, unchanged and rejected.

    All rows are stored first. Then the launch is a workflow, `launch/N`, that a worker carries
    out: Ctrl-C leaves it to itself, and `launch status N` looks again. If the command ends while
    rows are still being stored, nothing was started, and the same command goes on.

    Exit status 2 if no row is valid or the file can't be used; nothing is started then.

    Example: `leadflow launch programs/leads.csv --program programs/acme.yaml`

    Example: `leadflow launch hubspot.csv --columns`
    """
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # slow to import
    from models.instants import whole_second  # noqa: PLC0415  # likewise
    from usecases.launches import check_rate  # noqa: PLC0415  # likewise
    from usecases.planning_launch import plan_launch  # noqa: PLC0415  # likewise
    from usecases.reading_lists import (  # noqa: PLC0415  # likewise
        UnusableFileError,
        read_as,
        read_leads,
    )

    options = list_options(encoding, mapping)
    if columns:
        _show(file, program, teams, options, as_json=as_json)
        return
    if program is None:
        raise WrongInputError("--program: say on which program the leads are started")
    try:
        check_rate(rate)
    except ValueError as error:
        raise WrongInputError(f"--rate: {error}") from None
    settings = read_settings()
    with opened(settings) as database, progress_bar(as_json=as_json) as bar:
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
                read = read_as(leads.rows, leads.translation)
                if dry_run:
                    warn_of_removals(database, chosen, remove=remove)
                    plan = plan_launch(
                        database,
                        leads,
                        chosen.program,
                        people,
                        conflict=on_conflict,
                        now=whole_second(datetime.now(UTC)),
                    )
                    report_plan(file, chosen.program, leads, plan, as_json=as_json, read=read)
                    valid = sum(plan.counts.values()) - plan.counts["rejected"]
                else:
                    launched = _Launching(settings, database, chosen, leads, bar)
                    launch = None
                    if leads.valid:
                        launch = launched.run(
                            file,
                            options,
                            on_conflict,
                            rate=rate,
                            by=by or getpass.getuser(),
                            remove=remove,
                            detach=detach,
                        )
                    if launch is not None and launch.standing != "done":
                        _say_under_way(launch, as_json=as_json)
                        return
                    report_launch(file, chosen.program, leads, launch, as_json=as_json, read=read)
                    valid = launch.done - launch.rejected if launch is not None else 0
        except UnusableFileError as error:
            raise WrongInputError(str(error)) from None
        except KeyboardInterrupt:
            said = "interrupted; nothing was started yet, and the same command goes on"
            err.print(Text(said, style="yellow"))
            raise typer.Exit(INTERRUPTED) from None
    if not valid:
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


@dataclass(slots=True)
class _Launching:
    """A list on its way: published for, stored, started, followed."""

    settings: Settings
    database: Database
    chosen: ChosenProgram
    leads: CheckedLeads
    bar: Progress

    def run(
        self,
        file: Path,
        options: ListOptions,
        conflict: OnConflict,
        *,
        rate: float,
        by: str,
        remove: bool,
        detach: bool,
    ) -> Launch:
        from usecases.launches import launch_of, store_launch  # noqa: PLC0415  # keeps --help quick
        from usecases.reading_lists import read_as  # noqa: PLC0415  # likewise

        run_async(self._publish(remove=remove))
        size = self.leads.valid + self.leads.rejected
        task = self.bar.add_task("storing", total=size)
        with explained():
            launch = store_launch(
                self.database,
                file,
                self.leads,
                self.chosen.program,
                options,
                conflict=conflict,
                by=by,
                rate=rate,
                read_as=read_as(self.leads.rows, self.leads.translation),
                progress=lambda more: self.bar.advance(task, more),
            )
        self.bar.remove_task(task)
        if launch.standing == "paused":
            raise NegativeAnswerError(
                f"launch {launch.number} of this file is paused;"
                f" `{command_name()} launch resume {launch.number}` lets it go on"
            )
        try:
            run_async(start_launches(self.settings, self.database))
            if not detach:
                launch = watch(self.database, launch, self.bar)
        except KeyboardInterrupt:
            # The worker goes on with it. A second Ctrl-C would end this at once.
            launch = launch_of(self.database, launch.number)
        if launch.standing == "done" and launch.rejected:
            self._write_rejects(launch)
        return launch

    async def _publish(self, *, remove: bool) -> None:
        async with connected(self.settings) as client:
            await publish_on(client, self.settings, self.database, self.chosen, remove=remove)

    def _write_rejects(self, launch: Launch) -> None:
        """Write all rejected rows, also those that were rejected when they were started."""
        from usecases.launches import rejected_rows  # noqa: PLC0415  # keeps --help quick

        path = self.leads.reject_file.path
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(rejected_rows(self.database, launch.number))
        self.leads.rejects = path


def _say_under_way(launch: Launch, *, as_json: bool) -> None:
    if as_json:
        print_json(launch_json(launch))
    else:
        out.print(
            f"launch {launch.number} is {launch.standing}, {launch.done} of {launch.size} rows"
            f" done; look again: {look_again(launch)}"
        )
