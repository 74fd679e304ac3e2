"""`export warehouse`: leads, timelines, handoffs and mails as Parquet files, for analysts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli.console import JsonOption, Panel, WorldFailedError, WrongInputError, out, print_json
from cli.session import opened, read_settings


def register(app: typer.Typer) -> None:
    """Add `export warehouse`."""
    group = typer.Typer(no_args_is_help=True, help="Write what leadflow knows for other tools.")
    group.command("warehouse")(warehouse)
    app.add_typer(group, name="export", rich_help_panel=Panel.MARKETING)


def warehouse(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder; made if it is not there.")
    ],
    *,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="With e-mail addresses and phone numbers of leads.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write leads, timelines, handoffs and mails as Parquet files, for a data warehouse.

    Each run adds what is new or changed since the run before. The columns, and how to read the
    files, are in docs/warehouse.md. Exit status 2 for a folder that holds something else.

    Example: `leadflow export warehouse warehouse/`
    """
    from adapters.files.warehouse import WarehouseError  # noqa: PLC0415  # keeps --help quick
    from cli.launch_watch import progress_bar  # noqa: PLC0415  # likewise
    from usecases.exporting import export  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database, progress_bar(as_json=as_json) as bar:
        task = bar.add_task("exporting leads", total=None)
        try:
            found = export(
                database,
                folder,
                addresses=addresses,
                progress=lambda done, of: bar.update(task, completed=done, total=of),
            )
        except WarehouseError as error:
            raise WrongInputError(str(error)) from None
        except OSError as error:
            raise WorldFailedError(
                f"{error.filename or folder} can't be written: {error.strerror}; the folder holds"
                " what it held before"
            ) from None
    if as_json:
        print_json({"ok": True, "run": found.run, "rows": found.rows, "files": list(found.files)})
    elif found.run is None:
        out.print(Text(f"{folder}: nothing is new"))
    else:
        wrote = ", ".join(f"{rows:,} {table}" for table, rows in found.rows.items())
        out.print(Text(f"{folder}: run {found.run} wrote {wrote}"))
