"""API keys for systems that send leads and events, and for people who work leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from adapters.documents.problems import meant
from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Panel,
    WrongInputError,
    out,
    print_json,
    print_table,
)
from cli.session import opened, read_settings

if TYPE_CHECKING:
    from adapters.sql.database import Database


def register(app: typer.Typer) -> None:
    """Add `key create`, `key list` and `key revoke`."""
    keys = typer.Typer(no_args_is_help=True, help="Make and revoke keys of the HTTP API.")
    keys.command("create")(create)
    keys.command("list")(list_all)
    keys.command("revoke")(revoke)
    app.add_typer(keys, name="key", rich_help_panel=Panel.ENGINEERS)


def create(
    name: Annotated[
        str, typer.Argument(help="A name for the key, such as the system that uses it.")
    ],
    *,
    role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="`marketing`, `sales`, `manager` or `admin`: what the key may do, on which leads.",
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="The person of a `sales` or `manager` key: it acts as them."
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPE",
            help="Instead of a role: `leads:write`, `events:write`, `profiles:write`,"
            " `consents:write`, `mail:write`, `programs:write` or `reports:read`. Repeatable.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key with a role or with scopes. It is shown once: only its hash is stored.

    Example: `leadflow key create riley --role sales --person riley@acme.example`
    """
    from adapters.sql.api_keys import SqlApiKeys  # noqa: PLC0415  # keeps --help quick

    person = person.strip().lower() if person is not None else None
    scopes = sorted(set(scope or ()))
    with opened(read_settings()) as database:
        _refuse_unknown_person(database, role, person)
        try:
            made = SqlApiKeys(database).make(name, scopes, role=role, person=person)
        except ValueError as error:
            raise WrongInputError(str(error)) from None
    if as_json:
        print_json({"key": made, "name": name, "role": role, "person": person, "scopes": scopes})
    else:
        out.print(made)


def _refuse_unknown_person(database: Database, role: str | None, person: str | None) -> None:
    """Refuse a person whom the directory does not know in this role."""
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    if not person or role not in ("sales", "manager"):
        return
    people = SqlDirectory(database).directory()
    known = set(people.managers)
    if role == "sales":
        known |= {one.email for team in people.teams.values() for one in team.members}
    if person not in known:
        who = "manages no team" if role == "manager" else "is in no team"
        raise WrongInputError(f"--person: {person} {who}; {meant(person, known)}")


def list_all(*, as_json: JsonOption = False) -> None:
    """List all keys, also revoked ones.

    Example: `leadflow key list`
    """
    from adapters.sql.api_keys import SqlApiKeys  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        found = SqlApiKeys(database).all()
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "role": one.role,
            "person": one.person,
            "scopes": list(one.scopes),
            "made": write_instant(one.made),
            "revoked": write_instant(one.revoked) if one.revoked else None,
        }
        for one in found
    ]
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = Table("id", "name", "role", "person", "scopes", "made", "revoked")
    for one, row in zip(found, rows, strict=True):
        cells = (one.role, one.person, " ".join(one.scopes), row["made"], row["revoked"])
        table.add_row(one.id, one.name, *(str(cell or "") for cell in cells))
    print_table(table)


def revoke(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As `key list` shows it.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key: requests with it are refused from now on.

    Example: `leadflow key revoke 0a1b2c3d4e5f`
    """
    from adapters.sql.api_keys import SqlApiKeys  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database:
        if not SqlApiKeys(database).revoke(identity):
            raise NegativeAnswerError(f"no valid key has the id '{identity}'; see `key list`")
    if as_json:
        print_json({"ok": True, "revoked": identity})
    else:
        out.print(f"the key {identity} is revoked")
