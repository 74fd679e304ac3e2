"""The teams that published programs name: each is in the directory, and has a manager."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from adapters.files.teams import check_meeting, unmanaged_teams
from adapters.sql.database import DatabaseNotReadyError, check, open_database
from adapters.sql.directory import SqlDirectory
from assembly.doctor.check import Check
from assembly.settings import Settings
from models.directory import Directory
from models.program.program import Program
from usecases.applying_teams import newest_programs

_MISSING = "add the team to the teams file and apply it with `leadflow team apply FILE`"
_UNMANAGED = "add 'manager: ADDRESS' to the team and apply it with `leadflow team apply FILE`"


async def look_at_teams(settings: Settings) -> AsyncIterator[Check]:
    """Whether somebody is alerted of the leads of every published program."""
    try:
        await asyncio.to_thread(check, settings.database)
    except DatabaseNotReadyError:
        return  # the check of the database says so
    database = open_database(settings.database)
    try:
        programs = await asyncio.to_thread(newest_programs, database)
        directory = await asyncio.to_thread(SqlDirectory(database).directory)
    finally:
        database.close()
    wrong = [one for program in programs for one in _wrong(program, directory)]
    for one in wrong:
        yield one
    if wrong and not settings.operations_contact:
        said = "LEADFLOW_OPERATIONS_CONTACT is not set, so nobody is alerted of these teams' leads"
        yield Check("operations contact", "wrong", said, "set it to an address that somebody reads")
    if programs and not wrong:
        yield Check("teams", "ok", "each team of a published program has a manager")


def _wrong(program: Program, directory: Directory) -> list[Check]:
    name = f"teams of {program.program}"
    missing = {problem.message.partition(";")[0] for problem in check_meeting(program, directory)}
    bare = {problem.message.partition(",")[0] for problem in unmanaged_teams(program, directory)}
    return [
        *(Check(name, "wrong", said, _MISSING) for said in sorted(missing)),
        *(Check(name, "wrong", said, _UNMANAGED) for said in sorted(bare)),
    ]
