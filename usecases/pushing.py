"""Push a version of a program: check its files and store it. Nothing is published by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from adapters.documents.problems import DocumentError, Problem
from adapters.files.program import checked_program
from adapters.files.teams import check_meeting
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from adapters.sql.programs import SqlPrograms
from adapters.sql.pushed_programs import SqlPushedPrograms
from models.program.program import Program

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFiles:
    """A program's file and the MJML templates that it names, as they were sent."""

    name: str
    """The file's name, for messages."""
    text: bytes
    templates: Mapping[str, bytes] = field(default_factory=dict)
    """By their paths from the program's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A version that is stored."""

    program: Program
    new: bool
    """Whether it was not stored before."""
    published: bool
    """Whether it is the newest version already."""
    warnings: tuple[Problem, ...]
    """What in the file hardly does what is meant, and teams that the directory lacks."""


def push(database: Database, files: ProgramFiles, *, by: str, note: str = "") -> Pushed:
    """Check a program's files and store the version. Pushing it again changes nothing.

    Raises DocumentError with all that is wrong, each with its line.
    """
    program, warnings = _checked(files)
    people = SqlDirectory(database).directory()
    teams = tuple(replace(one, severity="warning") for one in check_meeting(program, people))
    known = program.digest in SqlPrograms(database).versions(program.program, program.digest)
    new = SqlPushedPrograms(database).push(program, by=by, note=note) and not known
    return Pushed(
        program=program,
        new=new,
        published=known and SqlPrograms(database).newest_digest(program.program) == program.digest,
        warnings=(*warnings, *teams),
    )


def _checked(files: ProgramFiles) -> tuple[Program, tuple[Problem, ...]]:
    """The program. The checks read files, so the files are written to a folder of their own."""
    with TemporaryDirectory() as text:
        folder = Path(text).resolve()
        file = folder / "program.yaml"
        try:
            for name, content in files.templates.items():
                _write(folder, name, content)
            file.write_bytes(files.text)
            program, warnings = checked_program(file)
        except DocumentError as error:
            raise DocumentError(_named(error.problems, folder, files.name)) from None
        return program, _named(warnings, folder, files.name)


def _write(folder: Path, name: str, content: bytes) -> None:
    path = PurePosixPath(name)
    if (
        not name.isprintable()
        or len(name) > _LONGEST_NAME
        or path.is_absolute()
        or ".." in path.parts
        or path.suffix != ".mjml"
    ):
        message = (
            f"a template is named {name[:_LONGEST_NAME]!r}; name it by its path from the program's"
            " folder, like mail/welcome.mjml"
        )
        raise DocumentError([Problem(str(folder / "program.yaml"), 0, 0, "", message)])
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _named(problems: tuple[Problem, ...], folder: Path, name: str) -> tuple[Problem, ...]:
    """The problems as the sender knows the files: without our folder."""
    return tuple(
        replace(one, file=name, message=one.message.replace(f"{folder}/", "")) for one in problems
    )
