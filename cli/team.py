"""The people of sales: apply a teams file, list teams, enter and remove days away."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.console import (
    JsonOption,
    NegativeAnswerError,
    Panel,
    WrongInputError,
    err,
    out,
    print_json,
    print_table,
    read_as,
)
from cli.publishing import warn_of_teams
from cli.session import opened, read_settings

if TYPE_CHECKING:
    from adapters.reports.team import MemberLine, TeamLine
    from models.directory import Directory
    from usecases.applying_teams import AppliedTeams


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


def register(app: typer.Typer) -> None:
    """Add `team apply`, `team list` and `team absence`."""
    team = typer.Typer(no_args_is_help=True, help="Teams, their members, and who is away.")
    team.command("apply")(apply)
    team.command("list")(listed)
    absence = typer.Typer(no_args_is_help=True, help="Days away that are not in the teams file.")
    absence.command("add")(add)
    absence.command("remove")(remove)
    absence.command("list")(absences)
    team.add_typer(absence, name="absence")
    app.add_typer(team, name="team", rich_help_panel=Panel.SALES)


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A teams file, all teams in it.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a teams file the directory of sales people, and show what that changes.

    The file is checked first, and a mistake in it changes nothing. Applying the same file again
    changes nothing either. Days away entered by `team absence add` stay. Leads that somebody
    owns who leaves their team stay theirs: the gateway tells each, and its manager is alerted to
    reassign it.

    Example: `leadflow team apply programs/teams.yaml`
    """
    from adapters.files.teams import read_directory  # noqa: PLC0415  # keeps --help quick
    from usecases.applying_teams import (  # noqa: PLC0415  # likewise
        apply_teams,
        missing_teams,
        preview_teams,
    )

    after = read_directory(file)
    with opened(read_settings()) as database:
        found = (preview_teams if dry_run else apply_teams)(database, after)
        missing = missing_teams(database, after)
    if as_json:
        for one in found.changes:
            print_json(asdict(one))
        changed = len(found.changes)
        applied = bool(changed) and not dry_run
        print_json({"ok": True, "applied": applied, "changes": changed, "left": found.departed})
    else:
        _tell_changes(found, dry_run=dry_run)
    for lack in missing:
        where = f"program {lack.program}, {lack.problem.path}: {lack.problem.message}"
        warning = f"warning: {where}; leads for it stay without an owner"
        err.print(Text(warning, style="yellow"))
    warn_of_teams(found)


_MOST_NAMED = 10
_STYLES = {"added": "green", "changed": "yellow", "removed": "red"}


def _tell_changes(found: AppliedTeams, *, dry_run: bool) -> None:
    if not found.changes:
        out.print("nothing changed: these teams are the ones that hold")
        return
    table = Table("", "team", "member", "setting", "before", "after")
    for one in found.changes:
        table.add_row(
            Text(one.change, style=_STYLES[one.change]),
            Text(one.team),
            Text(one.member or ""),
            Text(one.setting or ""),
            Text(_shown(one.before)),
            Text(_shown(one.after)),
        )
    print_table(table)
    out.print("nothing was changed: this was a dry run" if dry_run else "applied")
    for person, leads in found.departed.items():
        named = ", ".join(leads[:_MOST_NAMED])
        more = f" and {len(leads) - _MOST_NAMED} more" if len(leads) > _MOST_NAMED else ""
        told = "would be alerted" if dry_run else "is alerted"
        out.print(Text(f"{person} owns {named}{more}: the manager {told}, to reassign them"))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['from']} to {value['to']}"
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    return "" if value is None else str(value)


def listed(*, as_json: JsonOption = False) -> None:
    """List each team: its manager, and its members with their leads and days away.

    `leads` are owned now in mql, sal and sql, of all teams: what counts against the capacity.
    `assigned` are the assignments counted in this team, by which the next one is fair. Whether
    somebody is away today, their own time zone says, else that of the accept calendar.

    Example: `leadflow team list`
    """
    from adapters.reports.team import SqlTeamReport, office_zone  # noqa: PLC0415  # likewise
    from adapters.sql.directory import SqlPeople  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        people = SqlPeople(database).directory()
        here = office_zone(SqlPrograms(database))
        teams = SqlTeamReport(database).teams(people, datetime.now(UTC), here)
    if as_json:
        for team in teams:
            print_json(_as_json(team))
        return
    if not teams:
        out.print("there are no teams; `team apply FILE` makes them")
    for team in teams:
        out.print(Text(team.name, style="bold").append(_managed(team), style="not bold"))
        table = Table("member", "name", "leads", "capacity", "weight", "assigned", "away until")
        for one in team.members:
            table.add_row(*_cells(one))
        print_table(table)
        for person, count in team.left.items():
            leads = "lead" if count == 1 else "leads"
            out.print(Text(f"{person} is not in this team and owns {count} {leads}", style="red"))


def _managed(team: TeamLine) -> str:
    return f", managed by {team.manager}" if team.manager else ", without a manager"


def _cells(one: MemberLine) -> tuple[str, ...]:
    capacity = "" if one.capacity is None else str(one.capacity)
    away = one.away_until.isoformat() if one.away_until else ""
    return (
        one.email,
        one.name,
        str(one.leads),
        capacity,
        str(one.weight),
        f"{one.assigned:g}",
        away,
    )


def _as_json(team: TeamLine) -> dict[str, Any]:
    return {
        "team": team.name,
        "manager": team.manager,
        "members": [
            {**asdict(one), "away_until": one.away_until.isoformat() if one.away_until else None}
            for one in team.members
        ],
        "left": team.left,
    }


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
    from adapters.sql.directory import SqlPeople  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database:
        people = SqlPeople(database)
        email = _known(people.directory(), member)
        try:
            new = people.absences.add(email, first, last, by=by)
        except ValueError as error:
            raise WrongInputError(str(error)) from None
    if as_json:
        print_json({"ok": True, "new": new})
    else:
        said = "is away" if new else "was away already"
        out.print(f"{email} {said} from {first} to {last}")


def remove(member: _Member, *, first: _From, last: _To, as_json: JsonOption = False) -> None:
    """Take back days away that were entered by hand, named by their first and last day.

    What stands in the teams file is removed there. Exit status 1 if there is no such absence.

    Example: `leadflow team absence remove sam@acme.example --from 2026-12-24 --to 2026-12-31`
    """
    from adapters.sql.absences import stands_in_file  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.directory import SqlPeople  # noqa: PLC0415  # likewise

    email = member.strip().lower()
    with opened(read_settings()) as database:
        people = SqlPeople(database)
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
    from adapters.sql.directory import SqlPeople  # noqa: PLC0415  # keeps --help quick

    with opened(read_settings()) as database:
        people = SqlPeople(database)
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
