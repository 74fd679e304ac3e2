"""`report`: figures about leads, each with the list that it counts."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.console import JsonOption, Panel, WrongInputError, err, out, print_json, print_table
from cli.session import opened, read_settings

if TYPE_CHECKING:
    from reports.table import Report


class ReportName(StrEnum):
    """The reports that there are."""

    FUNNEL = "funnel"
    VELOCITY = "velocity"
    SLA = "sla"
    NURTURE = "nurture"
    SOURCES = "sources"
    TARGETS = "targets"
    HOLDOUT = "holdout"
    FORECAST = "forecast"


def register(app: typer.Typer) -> None:
    """Add `report`."""
    app.command("report", rich_help_panel=Panel.MARKETING)(report)


def report(
    name: Annotated[ReportName, typer.Argument(help="Which report.")],
    *,
    since: Annotated[
        str | None, typer.Option(metavar="DAY", help="From this day or instant on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="Until before this day or instant.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT", help="What the rows are, such as month or source; repeatable."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DAY", help="As it was then.")
    ] = None,
    program: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only leads of this program.")
    ] = None,
    row: Annotated[str | None, typer.Option(metavar="NAME", help="This row alone.")] = None,
    column: Annotated[str | None, typer.Option(metavar="NAME", help="This column alone.")] = None,
    leads: Annotated[
        bool, typer.Option("--leads", help="List what each figure counts: lead and entry.")
    ] = False,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a CSV file.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page for browsers.")] = False,
) -> None:
    """Report on leads: each figure with its definition, and with the leads that it counts.

    Days are those of the program's time zone. Exit status 2 for what does not exist.

    Example: `leadflow report funnel --by month --since 2026-01-01`
    Example: `leadflow report funnel --row 2026-W10 --column mql --leads`
    """
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
    from usecases import reporting  # noqa: PLC0415  # likewise

    if as_json + as_csv + as_html > 1:
        raise WrongInputError("choose one of --json, --csv and --html")
    wanted = reporting.Wanted(
        name=name, since=since, until=until, as_of=as_of, by=tuple(by or ()), program=program
    )
    settings = read_settings()
    with opened(settings) as database:
        try:
            found = reporting.report(database, SqlPrograms(database), wanted, _now())
            found = reporting.only(found, row, column)
        except reporting.UnknownNameError as error:
            raise WrongInputError(f"--{error.field.replace('_', '-')}: {error}") from None
    if as_json:
        from reports.document import document  # noqa: PLC0415  # likewise

        print_json(document(found, leads=leads))
    elif as_csv:
        from adapters.files.report_csv import csv_of  # noqa: PLC0415  # likewise

        sys.stdout.writelines(csv_of(found, leads=leads))
    elif as_html:
        from reports.page import page_of  # noqa: PLC0415  # likewise

        sys.stdout.write(page_of(found, leads=leads))
    else:
        _print(found, leads=leads)


def _now() -> datetime:
    from models.instants import whole_second  # noqa: PLC0415  # pydantic slows down --help

    return whole_second(datetime.now(UTC))


def _print(found: Report, *, leads: bool) -> None:
    from reports.figures import head, written  # noqa: PLC0415  # keeps --help quick

    out.print(Text(found.title, style="bold"))
    for line in head(found):
        out.print(Text(line, style="dim"))
    for table in found.tables:
        out.print()
        out.print(Text(table.title, style="bold"))
        out.print(Text(table.definition, style="dim"))
        shown = Table(box=None, pad_edge=False, header_style="bold")
        shown.add_column(table.head, no_wrap=True)
        for name in table.columns:
            shown.add_column(name, justify="right")
        for row in table.rows:
            shown.add_row(Text(row.name), *(Text(written(cell)) for cell in row.cells))
        print_table(shown)
        if leads:
            for row in table.rows:
                for name, cell in zip(table.columns, row.cells, strict=True):
                    for item in cell.items:
                        out.print(Text(f"  {row.name}, {name}: {item.lead} entry {item.seq}"))
    if not found.tables:
        err.print("nothing to report: no lead belongs to it")
