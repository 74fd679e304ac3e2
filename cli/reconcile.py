"""`leadflow reconcile`: compare the database with Temporal, and repair what is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.console import JsonOption, Panel, Status, out, print_json, print_table
from cli.session import connected, opened, read_settings, run_async

if TYPE_CHECKING:
    from adapters.sql.database import Database
    from assembly.settings import Settings
    from usecases.reconciling import Findings


def register(app: typer.Typer) -> None:
    """Add `reconcile`."""
    app.command("reconcile", rich_help_panel=Panel.ENGINEERS)(reconcile)


def reconcile(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be repaired, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find leads, mails and events that do not go on; repair what is safe, and report the rest.

    An open lead without a running workflow is revived from its row. A lead whose history does not
    replay is reset to its last good event, and goes on from its row. A worker does the same every
    five minutes if `leadflow temporal setup` made the schedule.

    Exit status 1 if something is left that was not repaired, 3 if Temporal or the database does not
    answer.

    Example: `leadflow reconcile --dry-run`
    """
    settings = read_settings()
    with opened(settings) as database:
        findings = run_async(_compared(settings, database, dry_run=dry_run))
    if as_json:
        _print_json(findings)
    else:
        _print(findings, dry_run=dry_run)
    if findings.left:
        raise typer.Exit(Status.NO)


async def _compared(settings: Settings, database: Database, *, dry_run: bool) -> Findings:
    from assembly.reconciling import reconciliation  # noqa: PLC0415  # keeps --help quick

    async with connected(settings) as client:
        return await reconciliation(client, settings, database).compare(dry_run=dry_run)


def _print_json(findings: Findings) -> None:
    for one in findings.found:
        print_json(one.as_json())
    print_json(
        {
            "ok": not findings.left,
            "repaired": findings.counts(repaired=True),
            "left": findings.counts(repaired=False),
        }
    )


def _print(findings: Findings, *, dry_run: bool) -> None:
    from usecases.reconciling import REMEDIES  # noqa: PLC0415  # keeps --help quick

    if not findings.found:
        out.print("everything goes on as it should")
        return
    table = Table("kind", "lead", "since", "what", "repaired")
    for one in findings.found:
        since = one.since.isoformat(timespec="seconds") if one.since is not None else ""
        done = one.repaired or (f"would be {one.repair}" if dry_run and one.repair else "no")
        table.add_row(*(Text(cell) for cell in (one.kind, one.lead, since, one.why, done)))
    print_table(table)
    for kind, number in findings.counts(repaired=False).items():
        if number:
            remedy = next(said for name, said in REMEDIES.items() if name == kind)
            out.print(Text(f"{number} {kind}: {remedy}"))
