"""Publish a program: store its version, apply its teams, update Temporal's schedules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.documents.problems import DocumentError, Problem, meant
from models.publication import InFlight
from models.rollout import RATE
from usecases.applying_teams import AppliedTeams, apply_teams_in, newest_programs

# CEL, SQLAlchemy and Temporal take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from adapters.sql.database import Database
    from adapters.temporal.schedules import Schedules
    from models.directory import Directory
    from models.program.program import Program


class UnknownProgramError(LookupError):
    """No program was published under this name. The message names a similar one that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsInFlight:
    """What becomes of leads in flight on other versions."""

    in_flight: InFlight = "pin"
    recheck: bool = False
    rate: float = RATE
    """Leads a second that are sent the publication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing a program changed."""

    program: Program
    teams: AppliedTeams | None
    """What applying the teams changed; None where no teams were given."""
    unstaffed: tuple[Problem, ...]
    """The places where the program names a team that is not in the directory."""
    warnings: tuple[Problem, ...] = ()
    """What in the program's file hardly does what is meant."""


def publish(
    database: Database,
    program: Program | None,
    directory: Directory | None,
    *,
    by: str = "",
    note: str = "",
    leads: LeadsInFlight | None = None,
    remove: bool = False,
) -> AppliedTeams | None:
    """Store a program and apply a directory in one transaction: both are done, or neither.

    What is None is left as it is. A second call with the same values changes nothing. Raises
    NeededError, unless `remove`, if the directory lacks what another program or a lead needs.
    """
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
    from adapters.sql.rollouts import SqlRollouts  # noqa: PLC0415  # likewise

    others = tuple(
        one
        for one in newest_programs(database)
        if program is None or one.program != program.program
    )
    with database.write() as connection:
        applied = (
            apply_teams_in(database, connection, directory, others, remove=remove)
            if directory is not None
            else None
        )
        if program is not None:
            said = leads or LeadsInFlight()
            publication = SqlPrograms(database).publish_in(
                connection,
                program,
                by=by,
                note=note,
                in_flight=said.in_flight,
                recheck=said.recheck,
            )
            SqlRollouts(database).of_publication(connection, publication, rate=said.rate)
    return applied


@dataclass(frozen=True, slots=True)
class ChosenProgram:
    """A program that can run, and the teams to apply with it, if there is a teams file."""

    program: Program
    directory: Directory | None
    from_file: bool
    """Whether the program was read from a file. If not, it was published before."""
    warnings: tuple[Problem, ...] = ()
    """What in the file hardly does what is meant."""

    def publish(
        self,
        database: Database,
        *,
        by: str = "",
        note: str = "",
        leads: LeadsInFlight | None = None,
        remove: bool = False,
    ) -> Published:
        """Store what was read from files. A second call changes nothing. Raises NeededError."""
        from adapters.files.teams import (  # noqa: PLC0415  # keeps --help quick
            check_meeting,
            unmanaged_teams,
        )
        from adapters.sql.directory import SqlDirectory  # noqa: PLC0415  # likewise

        applied = publish(
            database,
            self.program if self.from_file else None,
            self.directory,
            by=by,
            note=note,
            leads=leads,
            remove=remove,
        )
        directory = self.directory or SqlDirectory(database).directory()
        return Published(
            program=self.program,
            teams=applied,
            unstaffed=tuple(check_meeting(self.program, directory)),
            warnings=(*self.warnings, *unmanaged_teams(self.program, directory)),
        )

    async def publish_on(
        self,
        schedules: Schedules,
        database: Database,
        *,
        by: str = "",
        note: str = "",
        leads: LeadsInFlight | None = None,
        remove: bool = False,
    ) -> Published:
        """Publish, and update Temporal's schedules if the program was read from a file.

        Raises temporalio.service.RPCError if Temporal fails. Then the program is published, and
        publishing again updates its schedules.
        """
        published = self.publish(database, by=by, note=note, leads=leads, remove=remove)
        if self.from_file:
            await schedules.follow(self.program)
        return published


def choose(text: str, teams: Path | None, database: Database) -> ChosenProgram:
    """Read a program's file, or find a published program by name, and read the teams file.

    It changes nothing. Raises DocumentError with all problems of both files, and
    UnknownProgramError if no program was published under the name.
    """
    from adapters.files.program import checked_program  # noqa: PLC0415  # half a second to import
    from adapters.files.teams import check_meeting, read_directory  # noqa: PLC0415  # likewise

    problems: list[Problem] = []
    program, directory = None, None
    from_file = is_file(text)
    warnings: tuple[Problem, ...] = ()
    try:
        if from_file:
            program, warnings = checked_program(Path(text))
        else:
            program = published(text, database)
    except DocumentError as error:
        problems += error.problems
    try:
        directory = read_directory(teams) if teams is not None else None
    except DocumentError as error:
        problems += error.problems
    if program is not None and directory is not None:
        problems += check_meeting(program, directory, file=Path(text) if from_file else None)
    if program is None or problems:
        raise DocumentError(problems)
    return ChosenProgram(program, directory, from_file, warnings)


def is_file(text: str) -> bool:
    """Whether this is the path of a file and not the name of a published program."""
    return text.endswith((".yaml", ".yml")) or "/" in text or Path(text).is_file()


def published(name: str, database: Database) -> Program:
    """The newest version of this program. Raises UnknownProgramError."""
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick

    programs = SqlPrograms(database)
    found = programs.newest(name)
    if found is None:
        raise UnknownProgramError(
            f"no program '{name}' was published; {meant(name, programs.names())}"
        )
    return found


async def follow_all(schedules: Schedules, database: Database) -> list[str]:
    """Update Temporal's schedules from the newest version of every program; their ids."""
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick

    programs = SqlPrograms(database)
    made: list[str] = []
    for name in programs.names():
        program = programs.newest(name)
        if program is not None:
            made += await schedules.follow(program)
    return made
