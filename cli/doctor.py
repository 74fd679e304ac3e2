"""`leadflow doctor`: what is wrong with this installation, in one screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from cli.console import JsonOption, Panel, Status, out, print_json, print_table
from cli.session import read_settings, run_async

if TYPE_CHECKING:
    from assembly.doctor.check import Check

_STYLES = {"ok": "green", "warning": "yellow", "wrong": "red"}


def register(app: typer.Typer) -> None:
    """Add `doctor`."""
    app.command("doctor", rich_help_panel=Panel.ENGINEERS)(doctor)


def doctor(*, as_json: JsonOption = False) -> None:
    """Look at every part of this installation, and say what is wrong and what to do.

    It looks at Temporal (search attributes, schedules, workers), the database, the gateway, the
    mail relay, the DNS records of the mail domains (MX, SPF, DKIM, DMARC), clocks, disk, secrets,
    and work that is stuck. It changes nothing.

    Exit status 0 if nothing is wrong (there may be warnings), 1 if something is, 2 for wrong
    settings.

    Example: `leadflow doctor`
    """
    from assembly import logs  # noqa: PLC0415  # keeps --help quick
    from assembly.doctor.examination import examine  # noqa: PLC0415  # likewise

    settings = read_settings()
    logs.configure_for_commands()
    found = run_async(examine(settings))
    wrong = [one for one in found if one.status == "wrong"]
    if as_json:
        for one in found:
            print_json(one.as_json())
        print_json({"ok": not wrong, "wrong": len(wrong)})
    else:
        _print(found)
    if wrong:
        raise typer.Exit(Status.NO)


def _print(found: Sequence[Check]) -> None:
    table = Table("", "part", "what was found", "remedy")
    for one in found:
        mark = Text(one.status, style=_STYLES[one.status])
        table.add_row(mark, Text(one.name), Text(one.found), Text(one.remedy))
    print_table(table)
    wrong = sum(1 for one in found if one.status == "wrong")
    out.print(f"{wrong} wrong" if wrong else "nothing is wrong")
