"""Apply a directory of sales people. `team apply` and publishing do it this way.

The directory is that of all programs. So a team or a member is removed only if nothing needs it,
or if the person who applies says that it is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.documents.problems import Problem

# CEL, SQLAlchemy and Temporal take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from adapters.sql.database import Database
    from lifecycle.changes.directory import Change
    from models.directory import Directory
    from models.program.program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedTeams:
    """What applying a directory changed, or would change."""

    changes: tuple[Change, ...]
    departed: dict[str, tuple[str, ...]]
    """The leads of each person who leaves their team. The team's manager gets an alert."""
    unmanaged: tuple[str, ...]
    """Teams that a person with leads leaves and that have no manager who could get an alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A team or a member that is to be removed, and what is left without it."""

    removed: str
    """Like `team emea` or `riley@acme.example of team sdr`."""
    by: str
    """What needs it: the place in a published program, or leads."""


class NeededError(Exception):
    """The directory lacks teams or members that something needs; nothing was changed."""

    def __init__(self, needs: tuple[Need, ...]) -> None:
        self.needs = needs
        lines = "".join(f"\n  {one.removed} is needed by {one.by}" for one in needs)
        super().__init__(
            f"the teams file removes what is needed, so nothing was changed:{lines}\n"
            "Keep it in the teams file, or write --remove if it is meant"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingTeam:
    """A published program names a team that is not in the directory, or that has no manager."""

    program: str
    problem: Problem


def apply_teams(database: Database, directory: Directory, *, remove: bool = False) -> AppliedTeams:
    """Make this the directory, in one transaction. A second call changes nothing.

    Raises NeededError, unless `remove`, if it lacks a team or a member that something needs.
    """
    newest = newest_programs(database)
    with database.write() as connection:
        return apply_teams_in(database, connection, directory, newest, remove=remove)


def apply_teams_in(
    database: Database,
    connection: Connection,
    directory: Directory,
    programs: tuple[Program, ...],
    *,
    remove: bool = False,
) -> AppliedTeams:
    """Make this the directory, in the caller's transaction; see `apply_teams`.

    `programs`: those whose teams must stay. NeededError undoes the caller's transaction.
    """
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    before, left = SqlDirectory(database).apply_in(connection, directory)
    # Asked after the write, which queues: no lead is assigned in between.
    if not remove and (needs := _needs(connection, programs, before, directory, left)):
        raise NeededError(needs)
    return _applied(before, directory, left)


def preview_teams(database: Database, directory: Directory) -> AppliedTeams:
    """What applying this directory would change. It changes nothing itself."""
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    people = SqlDirectory(database)
    return _applied(people.applied(), directory, people.leads_left(directory))


def needs_of_removed(
    database: Database, directory: Directory, *, but: str | None = None
) -> tuple[Need, ...]:
    """What needs the teams and members that this directory lacks. It changes nothing.

    `but`: the name of the program that is to be published with it, whose newest version goes.
    """
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    people = SqlDirectory(database)
    newest = tuple(one for one in newest_programs(database) if one.program != but)
    before, left = people.applied(), people.leads_left(directory)
    with database.read() as connection:
        return _needs(connection, newest, before, directory, left)


def newest_programs(database: Database) -> tuple[Program, ...]:
    """The newest version of every published program."""
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick

    programs = SqlPrograms(database)
    newest = (programs.newest(name) for name in programs.names())
    return tuple(program for program in newest if program is not None)


def missing_teams(database: Database, directory: Directory) -> tuple[MissingTeam, ...]:
    """Teams that the newest version of a program names and that are not in this directory."""
    from adapters.files.teams import check_meeting  # noqa: PLC0415  # keeps --help quick

    return tuple(
        MissingTeam(program=program.program, problem=problem)
        for program in newest_programs(database)
        for problem in check_meeting(program, directory)
    )


def teams_without_manager(database: Database, directory: Directory) -> tuple[MissingTeam, ...]:
    """Teams of this directory that have no manager and that a published program names."""
    from adapters.files.teams import unmanaged_teams  # noqa: PLC0415  # keeps --help quick

    return tuple(
        MissingTeam(program=program.program, problem=problem)
        for program in newest_programs(database)
        for problem in unmanaged_teams(program, directory)
    )


def _needs(
    connection: Connection,
    programs: tuple[Program, ...],
    before: Directory,
    after: Directory,
    left: dict[str, list[str]],
) -> tuple[Need, ...]:
    """The removed teams that programs or leads need, and the removed members who own leads."""
    from adapters.files.teams import teams_named  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.departed_owners import leads_of_teams, leavers  # noqa: PLC0415  # likewise

    removed = [team for team in before.teams if team not in after.teams]
    needs = [
        Need(removed=f"team {team}", by=f"program {program.program}, {place}")
        for program in programs
        for place, team in teams_named(program)
        if team in removed
    ]
    owners = {team: _leads(count) for team, count in leads_of_teams(connection, removed).items()}
    needs += [Need(removed=f"team {team}", by=owners[team]) for team in removed if team in owners]
    for team, person in leavers(before, after):
        if person in left and team not in removed and before.is_member(team, person):
            owned = _leads(len(left[person]))
            needs.append(Need(removed=f"{person} of team {team}", by=f"{owned}, the owner's"))
    return tuple(needs)


def _leads(count: int) -> str:
    return f"{count} open lead" if count == 1 else f"{count} open leads"


def _applied(before: Directory, after: Directory, left: dict[str, list[str]]) -> AppliedTeams:
    from adapters.sql.departed_owners import leavers  # noqa: PLC0415  # keeps --help quick
    from lifecycle.changes.directory import changes  # noqa: PLC0415  # likewise

    left_behind = {team for team, person in leavers(before, after) if person in left}
    return AppliedTeams(
        changes=tuple(changes(before, after)),
        departed={person: tuple(leads) for person, leads in left.items()},
        unmanaged=tuple(sorted(team for team in left_behind if after.manager_of(team) is None)),
    )
