"""`leadflow team absence`: days away that are not in the teams file."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    WrongInputError,
    out,
    print_json,
    print_table,
    read_as,
)
from cli.session import opened, read_settings

if TYPE_CHECKING:
    from models.directory import Directory


def _day(text: str) -> date:
    from models.hours import parse_day  # noqa: PLC0415  # pydantic slows down --help

    return parse_day(text)


_Member = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's address.")]
_From = Annotated[
    date,
    typer.Option(
        "--from", parser=read_as(_day), metavar="DAY", help="The first day away, like 2026-12-24."
    ),
]
_To = Annotated[
    date,
    typer.Option(
        "--to", parser=read_as(_day), metavar="DAY", help="The last day away, like 2026-12-31."
    ),
]
_By = Annotated[
    str,
    typer.Option("--by", metavar="ADDRESS", envvar="LEADFLOW_BY", help="Who enters it."),
]


def register(team: typer.Typer) -> None:
    """Add `absence add`, `absence remove` and `absence list`."""
    absence = typer.Typer(no_args_is_help=True, help="Days away that are not in the teams file.")
    absence.command("add")(add)
    absence.command("remove")(remove)
    absence.command("list")(absences)
    team.add_typer(absence, name="absence")


def add(
    member: _Member,
    *,
    first: _From,
    last: _To,
    by: _By = "the command line",
    as_json: JsonOption = False,
) -> None:
    """Enter days on which a member is away and is given no lead; both ends are included.

    The days are the member's own. A new teams file does not lose them.

    Example: `leadflow team absence add sam@acme.example --from 2026-12-24 --to 2026-12-31`
    """
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database:
        people = SqlDirectory(database)
        email = _known(people.directory(), member)
        try:
            new = people.absences.add(email, first, last, by=by)
        except ValueError as error:
            raise WrongInputError(str(error)) from None
    if as_json:
        print_json({"ok": True, "new": new})
    else:
        state = "is away" if new else "was away already"
        out.print(f"{email} {state} from {first} to {last}")


def remove(member: _Member, *, first: _From, last: _To, as_json: JsonOption = False) -> None:
    """Take back days away that were entered by hand, named by their first and last day.

    What stands in the teams file is removed there. Exit status 1 if there is no such absence.

    Example: `leadflow team absence remove sam@acme.example --from 2026-12-24 --to 2026-12-31`
    """
    from adapters.sql.absences import stands_in_file  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # likewise

    email = member.strip().lower()
    with opened(read_settings()) as database:
        people = SqlDirectory(database)
        removed = people.absences.remove(email, first, last)
        if last >= first and stands_in_file(people.applied(), email, first, last):
            raise NegativeAnswerError(
                f"{email} is away from {first} to {last} by the teams file: remove it there, and"
                " apply the file with `team apply`"
            )
        if not removed:
            raise NegativeAnswerError(
                f"no absence of {email} from {first} to {last} was entered;"
                " `team absence list` shows those there are"
            )
    if as_json:
        print_json({"ok": True})
    else:
        out.print(f"{email} is not away any more from {first} to {last}")


def absences(*, as_json: JsonOption = False) -> None:
    """List all days away: those entered by hand, and those in the teams file.

    Example: `leadflow team absence list`
    """
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database:
        people = SqlDirectory(database)
        by_hand, applied = people.absences.all(), people.applied()
    rows = {(one.member, one.from_, one.to): one.by for one in by_hand}
    for team in applied.teams.values():
        for member in team.members:
            rows |= {(member.email, one.from_, one.to): "teams file" for one in member.away}
    table = Table("member", "from", "to", "entered by")
    for (email, first, last), by in sorted(rows.items()):
        days = (first.isoformat(), last.isoformat())
        if as_json:
            print_json({"member": email, "from": days[0], "to": days[1], "by": by})
        else:
            table.add_row(email, *days, by)
    if not as_json:
        print_table(table)


def _known(people: Directory, member: str) -> str:
    """The address of a member, in lower case. Raises WrongInputError, naming those meant."""
    from adapters.documents.problems import meant  # noqa: PLC0415  # keeps --help quick

    email = member.strip().lower()
    emails = [one.email for team in people.teams.values() for one in team.members]
    if email not in emails:
        raise WrongInputError(f"{member} is no member of a team; {meant(member, emails)}")
    return email
