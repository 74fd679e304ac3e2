"""`leadflow database`: make the database, and bring it up to date."""

from __future__ import annotations

import typer
from rich.text import Text

from cli.console import JsonOption, Panel, out, print_json
from cli.session import explained, read_settings


def register(app: typer.Typer) -> None:
    """Add `database upgrade`."""
    database = typer.Typer(no_args_is_help=True, help="Look after the database.")
    database.command("upgrade")(upgrade)
    app.add_typer(database, name="database", rich_help_panel=Panel.ENGINEERS)


def upgrade(*, as_json: JsonOption = False) -> None:
    """Make the database, or bring it to the tables of this leadflow.

    Which one, LEADFLOW_DATABASE_URL says; else it is a file in `.leadflow`.

    Example: `leadflow database upgrade`
    """
    from adapters.sql.database import migrate, shown_url  # noqa: PLC0415  # keeps --help quick

    settings = read_settings()
    with explained():
        migrate(settings.database)
    where = shown_url(settings.database)
    if as_json:
        print_json({"ok": True, "database": where})
    else:
        out.print(Text(f"the database {where} is up to date"))
