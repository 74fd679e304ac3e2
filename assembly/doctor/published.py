"""The published programs, as the checks of other systems ask about them."""

from __future__ import annotations

from adapters.sql.database import DatabaseNotReadyError, check, open_database
from adapters.sql.programs import SqlPrograms
from assembly.settings import Settings
from models.program.program import Program


def newest_programs(settings: Settings) -> list[Program]:
    """The newest version of each published program; none if the database can't be used.

    The check of the database says why it can't be used.
    """
    try:
        check(settings.database)
    except DatabaseNotReadyError:
        return []
    database = open_database(settings.database)
    try:
        programs = SqlPrograms(database)
        newest = [programs.newest(name) for name in programs.names()]
    finally:
        database.close()
    return [one for one in newest if one is not None]
