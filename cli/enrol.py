"""Commands about one person: enrol them as a lead, and tell what they did."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import JsonOption, Panel, WrongInputError, instant, out, print_json
from cli.publishing import ProgramOption, choose, publish_on
from cli.session import (
    LeadArgument,
    connected,
    lead_named,
    leads_of,
    leads_on,
    opened,
    read_settings,
    run_async,
)

if TYPE_CHECKING:
    from usecases.naming import Named

_Field = Annotated[str | None, typer.Option(metavar="TEXT", help="A field of the profile.")]


def register(app: typer.Typer) -> None:
    """Add `enrol` and `event`."""
    app.command("enrol", rich_help_panel=Panel.MARKETING)(enrol)
    app.command("event", rich_help_panel=Panel.MARKETING)(event)


def enrol(
    *,
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="The person's e-mail address.")],
    program: ProgramOption,
    first_name: _Field = None,
    last_name: _Field = None,
    company: _Field = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Such as 'VP Sales'.")] = None,
    phone: _Field = None,
    employees: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="How many people the company has.")
    ] = None,
    industry: _Field = None,
    country: Annotated[str | None, typer.Option(metavar="CODE", help="Such as US or DE.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="NAME", help="Such as America/New_York.")
    ] = None,
    language: _Field = None,
    source: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Where we know the person from.")
    ] = None,
    door: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Which way the person came in.")
    ] = None,
    consent: Annotated[
        bool | None, typer.Option(help="Whether the person agreed to get mail.")
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(metavar="STAGE", help="Where a new lead begins; else known."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Who owned the lead before it came here.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Any field, the program's own too; repeatable."),
    ] = None,
    lead_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The lead's id; else made from the address."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Start one lead on a program; one that is there already is left alone.

    A known `--id` with a new address moves that lead to the address.

    Example: `leadflow enrol --email ana@northwind.example --first-name Ana --employees 900
    --program acme`
    """
    from adapters.sql.intake import SqlIntake  # noqa: PLC0415  # keeps --help quick
    from models.instants import whole_second  # noqa: PLC0415  # likewise
    from usecases import enrolling  # noqa: PLC0415  # likewise
    from usecases.reading_lists import one_lead  # noqa: PLC0415  # likewise

    options = {
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "company": company,
        "title": title,
        "phone": phone,
        "employees": employees,
        "industry": industry,
        "country": country,
        "timezone": timezone,
        "language": language,
        "source": source,
        "door": door,
        "consent": consent,
        "stage": stage,
        "owner": owner,
        "id": lead_id,
    }
    values: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
    for name, value in pairs("--field", field):
        if name in values:
            raise WrongInputError(f"--field: '{name}' is given twice")
        values[name] = value
    settings = read_settings()
    with opened(settings) as database:
        chosen = choose(program, None, database)
        try:
            lead = one_lead(values, chosen.program)
        except ValueError as error:
            raise WrongInputError(str(error)) from None

        async def start() -> tuple[Named, bool]:
            async with connected(settings) as client:
                await publish_on(client, settings, database, chosen)
                [named] = enrolling.name_leads(SqlIntake(database), [lead])
                if isinstance(named, str):
                    raise WrongInputError(named)
                leads = leads_on(client, settings, database)
                now = whole_second(datetime.now(UTC))
                return named, await enrolling.start(leads, named, lead, chosen.program, now=now)

        named, started = run_async(start())
    program_name = chosen.program.program
    if as_json:
        print_json(
            {
                "lead": named.lead,
                "program": program_name,
                "started": started,
                "moved": named.moved,
            }
        )
    elif started:
        out.print(f"lead {named.lead} started on {program_name}")
    else:
        moved = " and has this address now" if named.moved else ""
        out.print(f"lead {named.lead} was there already{moved}")


def pairs(option: str, given: list[str] | None) -> Iterator[tuple[str, Any]]:
    """Options like `name=text`, or `name:=JSON` for numbers, flags and lists."""
    for one in given or ():
        name, mark, value = one.partition("=")
        if not mark or not name.strip(":"):
            raise WrongInputError(f"{option}: write NAME=VALUE, not '{one}'")
        if not name.endswith(":"):
            yield name.strip(), value
            continue
        try:
            yield name[:-1].strip(), json.loads(value)
        except ValueError:
            raise WrongInputError(f"{option}: '{value}' after ':=' is not JSON") from None


def event(
    lead: LeadArgument,
    kind: Annotated[
        str, typer.Argument(metavar="TYPE", help="Two words with a dot, such as page.viewed.")
    ],
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="The page, form or e-mail it is about.")
    ] = "",
    *,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="More about it; NAME:=JSON for a number, a flag or a list. Repeatable.",
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=instant,
            metavar="INSTANT",
            help="When it happened, such as 2026-03-05T14:00:00-05:00; else now.",
        ),
    ] = None,
    event_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Its id: the same one again has no effect."),
    ] = None,
    machine: Annotated[
        bool, typer.Option("--machine", help="A program did it: a mail proxy, a link scanner.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell a lead that something happened: a page was viewed, a form submitted, a mail clicked.

    Example: `leadflow event ana@northwind.example form.submitted demo`

    Example: `leadflow event ana@northwind.example profile.updated --data employees=900`
    """
    from adapters.sql.intake import SqlIntake  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.new_item import NewItem  # noqa: PLC0415  # likewise
    from models.instants import whole_second, write_instant  # noqa: PLC0415  # likewise
    from usecases import enrolling  # noqa: PLC0415  # likewise

    body: dict[str, Any] = {"id": event_id or uuid.uuid4().hex[:16], "type": kind}
    if subject:
        body["subject"] = subject
    if data:
        body["data"] = dict(pairs("--data", data))
    if at is not None:
        body["at"] = write_instant(at)
    if machine:
        body["machine"] = True
    try:
        item = NewItem.event("", body, arrived=whole_second(datetime.now(UTC)))
    except ValueError as error:
        raise WrongInputError(str(error)) from None
    settings = read_settings()
    with opened(settings) as database:
        found = lead_named(lead, database)

        async def tell() -> None:
            async with leads_of(settings, database) as leads:
                event = replace(item, lead=found)
                await enrolling.tell(SqlIntake(database), leads, event)

        run_async(tell())
    if as_json:
        print_json({"lead": found, "event": body["id"]})
    else:
        out.print(f"lead {found} was told of {kind} {subject}".rstrip() + f" (event {body['id']})")
