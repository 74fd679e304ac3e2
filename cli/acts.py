"""What a sales person decides about a lead: one command for each act.

A refusal prints the rule's sentence and has exit status 1. An act asked again with the same `--id`
gets the same answer and has no second effect.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from cli.acting import act
from cli.console import JsonOption, Panel, instant
from cli.session import LeadArgument

By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="ADDRESS",
        envvar="LEADFLOW_BY",
        help="Who acts: the owner's or the manager's address.",
    ),
]
ActId = Annotated[
    str | None,
    typer.Option(
        "--id", metavar="ID", help="The act's id: with the same one it is done once only."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--until",
        parser=instant,
        metavar="INSTANT",
        help="With its offset, such as 2026-03-05T14:00:00-05:00.",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="NAME", help="One of the program's reasons.")
]


def register(app: typer.Typer) -> None:
    """Add one command for each act."""
    for name, command in (
        ("accept", accept),
        ("touch", touch),
        ("qualify", qualify),
        ("recycle", recycle),
        ("disqualify", disqualify),
        ("reassign", reassign),
        ("hold", hold),
        ("resume", resume),
        ("open-opportunity", open_opportunity),
        ("win", win),
        ("lose", lose),
        ("churn", churn),
        ("done", done),
        ("note", note),
    ):
        app.command(name, rich_help_panel=Panel.SALES)(command)


def accept(
    lead: LeadArgument, *, by: By, act_id: ActId = None, as_json: JsonOption = False
) -> None:
    """Accept a lead that was handed to you: its accept clock stops, the next clocks start.

    Example: `leadflow accept ana@northwind.example --by riley@acme.example`
    """
    act("accept", lead, {"by": by, "id": act_id}, as_json=as_json)


def touch(
    lead: LeadArgument,
    *,
    by: By,
    channel: Annotated[
        str | None, typer.Option(metavar="NAME", help="Such as call, email or linkedin.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What came of it.")] = None,
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Log that you contacted a lead.

    Example: `leadflow touch ana@northwind.example --by riley@acme.example --channel call
    --note "wants a quote"`
    """
    fields = {"by": by, "id": act_id, "channel": channel, "note": note}
    act("touch", lead, fields, as_json=as_json)


def qualify(
    lead: LeadArgument, *, by: By, act_id: ActId = None, as_json: JsonOption = False
) -> None:
    """Say that a lead you accepted is qualified; the program may hand it to the next team.

    Example: `leadflow qualify ana@northwind.example --by riley@acme.example`
    """
    act("qualify", lead, {"by": by, "id": act_id}, as_json=as_json)


def recycle(
    lead: LeadArgument,
    *,
    by: By,
    reason: Reason,
    until: Until = None,
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Give a lead back to marketing, which leaves it alone until the cool-off ends.

    Example: `leadflow recycle ana@northwind.example --by riley@acme.example --reason not_now`
    """
    fields = {"by": by, "id": act_id, "reason": reason, "until": until}
    act("recycle", lead, fields, as_json=as_json)


def disqualify(
    lead: LeadArgument,
    *,
    by: By,
    reason: Reason,
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """End a lead that will never buy.

    Example: `leadflow disqualify ana@northwind.example --by riley@acme.example --reason no_fit`
    """
    act("disqualify", lead, {"by": by, "id": act_id, "reason": reason}, as_json=as_json)


def reassign(
    lead: LeadArgument,
    *,
    by: By,
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="A member of the lead's team.")
    ],
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Give a lead to another member of the team; managers may.

    Example: `leadflow reassign ana@northwind.example --by morgan@acme.example
    --to sam@acme.example`
    """
    act("reassign", lead, {"by": by, "id": act_id, "to": to}, as_json=as_json)


def hold(
    lead: LeadArgument,
    *,
    by: By,
    until: Annotated[
        datetime,
        typer.Option(
            "--until",
            parser=instant,
            metavar="INSTANT",
            help="When the clocks go on, such as 2026-03-05T14:00:00-05:00.",
        ),
    ],
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="What the lead is waiting for.")
    ],
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Pause a lead's clocks until an instant.

    Example: `leadflow hold ana@northwind.example --by riley@acme.example
    --until 2027-01-04T09:00:00-05:00 --why "on holiday"`
    """
    fields = {"by": by, "id": act_id, "until": until, "why": why}
    act("hold", lead, fields, as_json=as_json)


def resume(
    lead: LeadArgument, *, by: By, act_id: ActId = None, as_json: JsonOption = False
) -> None:
    """End a hold: the clocks go on now.

    Example: `leadflow resume ana@northwind.example --by riley@acme.example`
    """
    act("resume", lead, {"by": by, "id": act_id}, as_json=as_json)


def open_opportunity(
    lead: LeadArgument,
    *,
    by: By,
    amount: Annotated[float, typer.Option(metavar="NUMBER", help="What the deal is worth.")],
    currency: Annotated[str, typer.Option(metavar="CODE", help="Such as USD or EUR.")],
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Open a deal with a qualified lead or a customer.

    Example: `leadflow open-opportunity ana@northwind.example --by alex@acme.example
    --amount 24000 --currency USD`
    """
    fields = {"by": by, "id": act_id, "amount": amount, "currency": currency}
    act("open_opportunity", lead, fields, as_json=as_json)


def win(
    lead: LeadArgument,
    *,
    by: By,
    amount: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="If it is not what was opened.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="If it is not what was opened.")
    ] = None,
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Win the deal: the lead is a customer.

    Example: `leadflow win ana@northwind.example --by alex@acme.example --amount 22000`
    """
    fields = {"by": by, "id": act_id, "amount": amount, "currency": currency}
    act("win", lead, fields, as_json=as_json)


def lose(
    lead: LeadArgument,
    *,
    by: By,
    reason: Reason,
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Lose the deal; the lead cools off and is then recycled.

    Example: `leadflow lose ana@northwind.example --by alex@acme.example --reason price`
    """
    act("lose", lead, {"by": by, "id": act_id, "reason": reason}, as_json=as_json)


def churn(
    lead: LeadArgument,
    *,
    by: By,
    reason: Reason,
    until: Until = None,
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Give a customer who has left back to marketing, with one of the reasons of a recycle.

    Example: `leadflow churn ana@northwind.example --by morgan@acme.example --reason cancelled`
    """
    fields = {"by": by, "id": act_id, "reason": reason, "until": until}
    act("churn", lead, fields, as_json=as_json)


def done(
    lead: LeadArgument,
    *,
    by: By,
    task: Annotated[
        str, typer.Option(metavar="ID", help="The task's id; `leadflow show LEAD` tells it.")
    ],
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a task is done.

    Example: `leadflow done ana@northwind.example --by riley@acme.example --task task-1`
    """
    act("done", lead, {"by": by, "id": act_id, "task": task}, as_json=as_json)


def note(
    lead: LeadArgument,
    *,
    by: By,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="The text to be kept.")],
    act_id: ActId = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a note on a lead's timeline.

    Example: `leadflow note ana@northwind.example --by riley@acme.example --note "met at the fair"`
    """
    act("note", lead, {"by": by, "id": act_id, "note": note}, as_json=as_json)
