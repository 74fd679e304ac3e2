"""Making, listing and revoking keys; the directory says who may have a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.files.teams import read_directory
from adapters.sql.api_keys import SCOPES, SqlApiKeys
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from tests.cli.conftest import TEAMS, Leadflow


@pytest.fixture
def database(database: Database) -> Database:
    """The shipped teams are applied."""
    SqlDirectory(database).apply(read_directory(Path(TEAMS)))
    return database


@pytest.mark.parametrize(
    ("role", "person", "scopes"),
    [
        ("marketing", None, {*SCOPES, "leads:read"}),
        ("sales", "riley@acme.example", {"leads:read", "acts:write"}),
        ("sales", "morgan@acme.example", {"leads:read", "acts:write"}),
        ("manager", "mara@acme.example", {"leads:read", "acts:write"}),
        ("admin", None, {*SCOPES, "leads:read", "acts:write"}),
    ],
)
def test_a_role_grants_what_it_is_for(
    command: Leadflow, database: Database, role: str, person: str | None, scopes: set[str]
) -> None:
    whose = ("--person", f" {person.upper()} ") if person is not None else ()
    made = command("key", "create", "mine", "--role", role, *whose, "--json").json
    assert (made["role"], made["person"]) == (role, person)
    known = SqlApiKeys(database).check(made["key"])
    assert known is not None
    assert (known.role, known.person, set(known.scopes)) == (role, person, scopes)


def test_a_key_for_scopes_goes_on_as_before(command: Leadflow, database: Database) -> None:
    made = command("key", "create", "site", "--scope", "events:write").out.strip()
    known = SqlApiKeys(database).check(made)
    assert known is not None
    assert (known.role, known.scopes) == (None, ("events:write",))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "either a role (marketing, sales, manager, admin) or scopes"),
        (("--role", "admin", "--scope", "leads:write"), "either a role"),
        (("--role", "boss"), "there is no role boss; there are marketing, sales"),
        (("--scope", "leads:read"), "there is no scope leads:read"),
        (("--role", "sales"), "is a person's; say whose"),
        (("--role", "manager", "--person", " "), "is a person's; say whose"),
        (("--role", "admin", "--person", "riley@acme.example"), "only a key of the role sales"),
        (("--scope", "leads:write", "--person", "riley@acme.example"), "only a key of the role"),
        (("--role", "sales", "--person", "rily@acme.example"), "did you mean 'riley@acme.example'"),
        (("--role", "sales", "--person", "x"), "known: alex@acme.example, jonas@acme.example"),
        (("--role", "manager", "--person", "riley@acme.example"), "manages no team"),
        (("--role", "manager", "--person", "x"), "mara@acme.example, morgan@acme.example"),
    ],
)
def test_a_key_with_wrong_options_is_not_made(
    command: Leadflow, database: Database, options: tuple[str, ...], expected: str
) -> None:
    ran = command("key", "create", "wrong", *options)
    assert (ran.status, ran.out) == (2, "")
    assert expected in ran.err
    assert SqlApiKeys(database).all() == []


@pytest.mark.usefixtures("database")
def test_the_list_shows_whose_each_key_is_and_none_of_them(command: Leadflow) -> None:
    riley = ("--role", "sales", "--person", "riley@acme.example")
    made = command("key", "create", "riley's laptop", *riley).out.strip()
    command("key", "create", "web site", "--scope", "events:write")
    mine, site = command("key", "list", "--json").lines
    assert (mine["role"], mine["person"]) == ("sales", "riley@acme.example")
    assert mine["scopes"] == ["leads:read", "acts:write"]
    assert (site["role"], site["person"], site["revoked"]) == (None, None, None)
    assert command("key", "revoke", mine["id"]).status == 0
    table = command("key", "list").out
    for word in ("sales", "riley@acme.example", "riley's laptop", "events:write"):
        assert word in table
    assert made.split("_", 2)[2] not in table
    assert command("key", "list", "--json").lines[0]["revoked"]
    assert command("key", "revoke", mine["id"]).status == 1
