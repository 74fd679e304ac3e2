"""API keys: for systems that tell leadflow of leads and events over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Panel,
    WrongInputError,
    out,
    print_json,
    print_table,
)
from cli.world import opened, read_settings


def register(app: typer.Typer) -> None:
    """Add `key create`, `key list` and `key revoke`."""
    keys = typer.Typer(no_args_is_help=True, help="Make and revoke keys of the HTTP interface.")
    keys.command("create")(create)
    keys.command("list")(listed)
    keys.command("revoke")(revoke)
    app.add_typer(keys, name="key", rich_help_panel=Panel.ENGINEERS)


def create(
    name: Annotated[str, typer.Argument(help="What it is for, such as the system that has it.")],
    *,
    scope: Annotated[
        list[str],
        typer.Option(metavar="SCOPE", help="`leads:write` or `events:write`; repeatable."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Make a key. It is shown once, and only a hash of it is kept.

    Example: `leadflow key create website --scope events:write`
    """
    from adapters.api_keys import SqlApiKeys  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database:
        try:
            made = SqlApiKeys(database).make(name, scope)
        except ValueError as error:
            raise WrongInputError(str(error)) from None
    if as_json:
        print_json({"key": made, "name": name, "scopes": sorted(set(scope))})
    else:
        out.print(made)


def listed(*, as_json: JsonOption = False) -> None:
    """List all keys, also those that were revoked.

    Example: `leadflow key list`
    """
    from adapters.api_keys import SqlApiKeys  # noqa: PLC0415  # keeps --help quick
    from models.instants import write_instant  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        found = SqlApiKeys(database).all()
    rows = [
        {
            "id": one.id,
            "name": one.name,
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
    table = Table("id", "name", "scopes", "made", "revoked")
    for one, row in zip(found, rows, strict=True):
        table.add_row(
            one.id, one.name, " ".join(one.scopes), str(row["made"]), str(row["revoked"] or "")
        )
    print_table(table)


def revoke(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As `key list` shows it.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key: no request with it is answered any more.

    Example: `leadflow key revoke 0a1b2c3d4e5f`
    """
    from adapters.api_keys import SqlApiKeys  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database:
        if not SqlApiKeys(database).revoke(identity):
            raise NegativeAnswerError(f"no good key has the id '{identity}'; see `key list`")
    if as_json:
        print_json({"ok": True, "revoked": identity})
    else:
        out.print(f"the key {identity} is revoked")
