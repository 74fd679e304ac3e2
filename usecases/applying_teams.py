"""Apply a directory of sales people. `team apply` and publishing do it this way."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedTeams:
    """What applying a directory changed, or would change."""

    changes: tuple[Change, ...]
    departed: dict[str, tuple[str, ...]]
    """The leads of each person who leaves their team. The team's manager gets an alert."""
    unmanaged: tuple[str, ...]
    """Teams that a person with leads leaves and that have no manager who could get an alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingTeam:
    """A published program names a team that is not in the directory."""

    program: str
    problem: Problem


def apply_teams(database: Database, directory: Directory) -> AppliedTeams:
    """Make this the directory, in one transaction. A second call changes nothing."""
    with database.write() as connection:
        return apply_teams_in(database, connection, directory)


def apply_teams_in(
    database: Database, connection: Connection, directory: Directory
) -> AppliedTeams:
    """Make this the directory, in the caller's transaction."""
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    before, left = SqlDirectory(database).apply_in(connection, directory)
    return _applied(before, directory, left)


def preview_teams(database: Database, directory: Directory) -> AppliedTeams:
    """What applying this directory would change. It changes nothing itself."""
    from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # keeps --help quick

    people = SqlDirectory(database)
    return _applied(people.applied(), directory, people.leads_left(directory))


def missing_teams(database: Database, directory: Directory) -> tuple[MissingTeam, ...]:
    """Teams that the newest version of a program names and that are not in this directory."""
    from adapters.files.teams import check_meeting  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise

    programs = SqlPrograms(database)
    newest = [programs.newest(name) for name in programs.names()]
    return tuple(
        MissingTeam(program=program.program, problem=problem)
        for program in newest
        if program is not None
        for problem in check_meeting(program, directory)
    )


def _applied(before: Directory, after: Directory, left: dict[str, list[str]]) -> AppliedTeams:
    from adapters.sql.departed_owners import leavers  # noqa: PLC0415  # keeps --help quick
    from lifecycle.changes.directory import changes  # noqa: PLC0415  # likewise

    left_behind = {team for team, person in leavers(before, after) if person in left}
    return AppliedTeams(
        changes=tuple(changes(before, after)),
        departed={person: tuple(leads) for person, leads in left.items()},
        unmanaged=tuple(sorted(team for team in left_behind if after.manager_of(team) is None)),
    )
