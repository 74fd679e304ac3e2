"""The program a command works with: read from its file or found by name, and published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.problems import DocumentError, Problem, meant
from cli.console import WrongInputError, err

if TYPE_CHECKING:
    from temporalio.client import Client

    from adapters.database import Database
    from models.directory import Directory
    from models.program import Program
    from settings import Settings

ProgramOption = Annotated[
    str,
    typer.Option(
        "--program",
        metavar="NAME|FILE",
        help="A program's file, which is published, or the name of one published before.",
    ),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A program that can run, and the sales people to apply with it, if a file names them."""

    program: Program
    directory: Directory | None
    from_file: bool

    def publish(self, database: Database) -> None:
        """Publish what was read from files, and warn of teams that nobody is in."""
        from adapters.people import SqlPeople  # noqa: PLC0415  # keeps --help quick
        from adapters.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick
        from adapters.teams_file import check_meeting  # noqa: PLC0415  # keeps --help quick

        people = SqlPeople(database)
        left = people.apply(self.directory) if self.directory is not None else {}
        for person, leads in left.items():
            err.print(
                f"warning: {person} left their team and owns {len(leads)} of its leads; the manager"
                " is alerted, to reassign them",
                style="yellow",
            )
        if self.from_file:
            SqlPrograms(database).publish(self.program)
        for problem in check_meeting(self.program, people.directory()):
            err.print(
                f"warning: {problem.path}: {problem.message}; leads for it stay without an owner"
                " until --teams FILE applies one",
                style="yellow",
            )

    async def publish_on(self, client: Client, settings: Settings, database: Database) -> None:
        """Publish, and have Temporal's schedules follow what was read from a file."""
        from adapters.schedules import Schedules  # noqa: PLC0415  # keeps --help quick

        self.publish(database)
        if self.from_file:
            await Schedules(client, prefix=settings.queue_prefix).follow(self.program)


def choose(text: str, teams: Path | None, database: Database) -> Chosen:
    """Read or find the program, and read the teams, without changing anything.

    Raises DocumentError with all that is wrong in both files, and WrongInputError for a name
    under which nothing was published.
    """
    from adapters.program_file import read_program  # noqa: PLC0415  # half a second to import
    from adapters.teams_file import check_meeting, read_directory  # noqa: PLC0415  # likewise

    problems: list[Problem] = []
    program, directory = None, None
    from_file = _is_file(text)
    try:
        program = read_program(Path(text)) if from_file else published(text, database)
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
    return Chosen(program, directory, from_file)


def _is_file(text: str) -> bool:
    return text.endswith((".yaml", ".yml")) or "/" in text or Path(text).is_file()


def published(name: str, database: Database) -> Program:
    """The program that was last published under this name. Raises WrongInputError."""
    from adapters.programs import SqlPrograms  # noqa: PLC0415  # keeps --help quick

    programs = SqlPrograms(database)
    found = programs.newest(name)
    if found is None:
        shipped = Path("programs") / f"{name}.yaml"
        file = shipped if shipped.exists() else "FILE.yaml"
        raise WrongInputError(
            f"no program '{name}' was published; {meant(name, programs.names())}."
            f" Name a file to publish it: --program {file}"
        )
    return found
