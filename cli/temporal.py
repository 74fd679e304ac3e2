"""`leadflow temporal`: prepare a namespace of Temporal for leadflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from cli.console import JsonOption, Panel, out, print_json
from cli.session import connected, read_settings, run_async

if TYPE_CHECKING:
    from assembly.settings import Settings


def register(app: typer.Typer) -> None:
    """Add `temporal setup`."""
    temporal = typer.Typer(no_args_is_help=True, help="Prepare Temporal for leadflow.")
    temporal.command("setup")(setup)
    app.add_typer(temporal, name="temporal", rich_help_panel=Panel.ENGINEERS)


def setup(*, as_json: JsonOption = False) -> None:
    """Register the search attributes, and make the schedules.

    Do it once for each namespace, and after an upgrade. It makes the schedule of
    `leadflow reconcile`, and those of every published program, if there is a database. What is
    there already stays as it is; a schedule that somebody paused stays paused.

    Example: `leadflow temporal setup`
    """
    settings = read_settings()
    registered, schedules = run_async(_set_up(settings))
    if as_json:
        print_json({"ok": True, "registered": registered, "schedules": schedules})
        return
    said = ", ".join(registered) if registered else "none was missing"
    out.print(Text(f"search attributes registered: {said}"))
    out.print(Text(f"schedules: {', '.join(schedules)}"))


async def _set_up(settings: Settings) -> tuple[list[str], list[str]]:
    from adapters.sql.database import (  # noqa: PLC0415  # quick --help
        DatabaseNotReadyError,
        check,
        open_database,
    )
    from adapters.temporal.connection import register_attributes  # noqa: PLC0415  # likewise
    from adapters.temporal.schedules import Schedules  # noqa: PLC0415  # likewise
    from usecases.publishing import follow_all  # noqa: PLC0415  # likewise

    async with connected(settings) as client:
        registered = await register_attributes(client)
        schedules = Schedules(client, prefix=settings.queue_prefix)
        made = await schedules.set_up()
        try:
            check(settings.database)
        except DatabaseNotReadyError:
            return registered, made  # nothing was published yet, or `db upgrade` comes first
        database = open_database(settings.database)
        try:
            return registered, made + await follow_all(schedules, database)
        finally:
            database.close()
