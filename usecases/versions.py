"""Find a version of a program by what people call it, and say how many leads stand on which."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.documents.problems import meant
from usecases.publishing import UnknownProgramError, is_file, published

# CEL, SQLAlchemy and Temporal take a second to import, so `--help` does without them.
if TYPE_CHECKING:
    from adapters.sql.database import Database
    from models.program.program import Program

_DIGEST = re.compile(r"[0-9a-f]{6,64}")
NEWEST = "newest"


def version(text: str, database: Database) -> Program:
    """The version that `text` names: a file, `NAME`, `NAME@newest`, `NAME@DIGEST`, or a digest.

    Six hex digits of a digest will do where no other version begins with them. Raises
    DocumentError for a file that is no program, and UnknownProgramError for all else.
    """
    from adapters.files.program import read_program  # noqa: PLC0415  # half a second to import
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # likewise

    if is_file(text):
        return read_program(Path(text))
    name, _, of = text.partition("@")
    if of in ("", NEWEST) and name in SqlPrograms(database).names():
        return published(name, database)
    if of not in ("", NEWEST):
        return of_name(name, of, database)
    if not of and _DIGEST.fullmatch(text):
        return _one(text, SqlPrograms(database).versions(None, text), database, of="any program")
    return published(name, database)


def of_name(name: str, digest: str, database: Database) -> Program:
    """The version of this program whose digest begins so. Raises UnknownProgramError."""
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # half a second to import

    programs = SqlPrograms(database)
    if name not in programs.names():
        raise UnknownProgramError(
            f"no program '{name}' was published; {meant(name, programs.names())}"
        )
    return _one(digest, programs.versions(name, digest), database, of=f"'{name}'")


def _one(digest: str, found: tuple[str, ...], database: Database, *, of: str) -> Program:
    from adapters.sql.programs import SqlPrograms  # noqa: PLC0415  # half a second to import

    if not found:
        raise UnknownProgramError(
            f"no version of {of} has a digest that begins with {digest};"
            " `leadflow program history NAME` lists them"
        )
    if len(found) > 1:
        several = ", ".join(one[:12] for one in found[:4])
        raise UnknownProgramError(
            f"{len(found)} versions of {of} begin with {digest} ({several}); name more digits"
        )
    return SqlPrograms(database).load(found[0])


def in_flight(name: str, database: Database) -> dict[str, int]:
    """How many leads of this program are not closed, by the digest of their version."""
    from adapters.reports.versions import leads_by_version  # noqa: PLC0415  # slow to import

    return leads_by_version(database, name)
