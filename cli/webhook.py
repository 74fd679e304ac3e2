"""Events in the CRM outbox: waiting, sent, and dead (given up)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.console import (
    JsonOption,
    Panel,
    Status,
    WrongInputError,
    err,
    out,
    print_json,
    print_table,
)
from cli.session import explained, lead_named, opened, read_settings

if TYPE_CHECKING:
    from adapters.crm.outbox import CrmEvent, EventStatus


def register(app: typer.Typer) -> None:
    """Add `webhook list` and `webhook retry`."""
    webhooks = typer.Typer(no_args_is_help=True, help="See and retry the events for the CRM.")
    webhooks.command("list")(list_all)
    webhooks.command("retry")(retry)
    app.add_typer(webhooks, name="webhook", rich_help_panel=Panel.ENGINEERS)


def list_all(
    *,
    dead: Annotated[
        bool,
        typer.Option(
            "--dead", help="Only dead events: they were given up because the CRM did not take them."
        ),
    ] = False,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only events that wait to be sent.")
    ] = False,
    lead: Annotated[
        str | None,
        typer.Option(metavar="LEAD", help="Only events of this lead, by its id or address."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Show the latest events, at most this many.")
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """List the events for the CRM, the latest last. Sent events stay for 30 days.

    Example: `leadflow webhook list --dead`
    """
    from adapters.crm.outbox import SqlCrmOutbox  # noqa: PLC0415  # keeps --help quick

    every: tuple[EventStatus, ...] = ("waiting", "sent", "dead")
    asked = {"dead": dead, "waiting": waiting}
    with opened(read_settings()) as database, explained():
        named = lead_named(lead, database) if lead is not None else None
        statuses = [one for one in every if asked.get(one)] or every
        found = SqlCrmOutbox(database).listed(statuses, lead=named, limit=limit + 1)
    more, found = len(found) > limit, found[-limit:]
    if as_json:
        for one in found:
            print_json(_row(one))
        return
    table = Table("id", "lead", "seq", "type", "at", "status", "tries", "next try", "why")
    for row in map(_row, found):
        cells = (row[name] if row[name] is not None else "" for name in _COLUMNS)
        table.add_row(*(Text(str(cell)) for cell in cells))
    print_table(table)
    if more:
        err.print(f"there are more than these {limit}; see --limit")


_COLUMNS = ("id", "lead", "seq", "type", "at", "status", "tries", "next", "why")


def _row(event: CrmEvent) -> dict[str, Any]:
    from models.instants import write_instant  # noqa: PLC0415  # keeps --help quick

    waits = event.status == "waiting"
    return {
        "id": event.id,
        "lead": event.lead,
        "seq": event.seq,
        "type": event.type,
        "at": write_instant(event.at),
        "status": event.status,
        "tries": event.tries,
        "first_tried": write_instant(event.first_tried) if event.first_tried else None,
        "next": write_instant(event.ready) if waits else None,
        "done": write_instant(event.done) if event.done else None,
        "why": event.why,
    }


def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Events, as `webhook list` shows them.")
    ] = None,
    *,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="All dead events.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send dead or waiting events again: at once, and if needed for three more days.

    A running worker sends them, in the order of each lead's events. Exit status 1 if an ID is
    unknown or its event was sent already. The other events are sent all the same.

    Example: `leadflow webhook retry --all-dead`
    """
    from adapters.crm.outbox import SqlCrmOutbox  # noqa: PLC0415  # keeps --help quick

    if bool(ids) == all_dead:
        raise WrongInputError("name events by their IDs, or give --all-dead for all dead events")
    with opened(read_settings()) as database, explained():
        outbox = SqlCrmOutbox(database)
        again = outbox.retry(ids) if ids else outbox.retry_dead()
    left = sorted(set(ids or ()) - set(again))
    if as_json:
        print_json({"ok": not left, "retried": len(again), "left": left})
    else:
        out.print(f"{len(again)} to be sent again")
        for one in left:
            err.print(Text(f"unknown, or sent already: {one}"))
    if left:
        raise typer.Exit(Status.NO)
