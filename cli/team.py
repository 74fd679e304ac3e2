"""`leadflow team`: apply a teams file, list teams."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli import absence
from cli.console import JsonOption, Panel, err, out, print_json, print_table
from cli.publishing import RemoveOption, refused_if_needed, warn_of_needs, warn_of_teams
from cli.session import opened, read_settings

if TYPE_CHECKING:
    from adapters.reports.team import MemberLine, TeamLine
    from usecases.applying_teams import AppliedTeams


def register(app: typer.Typer) -> None:
    """Add `team apply` and `team list`, and `team absence`."""
    team = typer.Typer(no_args_is_help=True, help="Teams, their members, and who is away.")
    team.command("apply")(apply)
    team.command("list")(listed)
    absence.register(team)
    app.add_typer(team, name="team", rich_help_panel=Panel.SALES)


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A teams file, all teams in it.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    remove: RemoveOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a teams file the directory of sales people, and show what that changes.

    The file is checked first, and a mistake in it changes nothing. Applying the same file again
    changes nothing either. A file that lacks a team or a member that a published program or an
    open lead needs is refused (exit status 1), unless you write --remove. Days away entered by
    `team absence add` stay. Leads that somebody owns who leaves their team stay theirs: the gateway
    tells each, and its manager is alerted to reassign it.

    Example: `leadflow team apply programs/teams.yaml`
    """
    from adapters.files.teams import read_directory  # noqa: PLC0415  # keeps --help quick
    from usecases.applying_teams import (  # noqa: PLC0415  # likewise
        apply_teams,
        missing_teams,
        needs_of_removed,
        preview_teams,
        teams_without_manager,
    )

    after = read_directory(file)
    with opened(read_settings()) as database:
        needs = () if remove or not dry_run else needs_of_removed(database, after)
        with refused_if_needed():
            found = (
                preview_teams(database, after)
                if dry_run
                else apply_teams(database, after, remove=remove)
            )
        missing = missing_teams(database, after)
        unmanaged = teams_without_manager(database, after)
    if as_json:
        for one in found.changes:
            print_json(asdict(one))
        changed = len(found.changes)
        applied = bool(changed) and not dry_run
        print_json({"ok": True, "applied": applied, "changes": changed, "left": found.departed})
    else:
        _print_changes(found, dry_run=dry_run)
    warn_of_needs(needs)
    for lack in missing:
        where = f"program {lack.program}, {lack.problem.path}: {lack.problem.message}"
        warning = f"warning: {where}; leads for it stay without an owner"
        err.print(Text(warning, style="yellow"))
    for lack in unmanaged:
        where = f"program {lack.program}, {lack.problem.path}"
        err.print(Text(f"warning: {where}: {lack.problem.message}", style="yellow"))
    warn_of_teams(found)


_MOST_NAMED = 10
_STYLES = {"added": "green", "changed": "yellow", "removed": "red"}


def _print_changes(found: AppliedTeams, *, dry_run: bool) -> None:
    if not found.changes:
        out.print("nothing changed: these teams are in force already")
        return
    table = Table("", "team", "member", "setting", "before", "after")
    for one in found.changes:
        table.add_row(
            Text(one.change, style=_STYLES[one.change]),
            Text(one.team or "marketing"),
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
    `assigned` are the assignments that they ever got in this team. `share` decides who is next: the
    lowest of those available. Whether somebody is away today, their own time zone says, else that
    of the accept calendar.

    Example: `leadflow team list`
    """
    from adapters.reports.team import SqlTeamReport, office_zone  # noqa: PLC0415  # likewise
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise

    with opened(read_settings()) as database:
        people = SqlDirectory(database).directory()
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
        table = Table(
            "member", "name", "leads", "capacity", "weight", "assigned", "share", "away until"
        )
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
        str(one.assigned),
        f"{one.share:g}",
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
