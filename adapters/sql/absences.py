"""Absences that were entered by hand: applying a new teams file keeps them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from models.directory import Absence, Directory
from models.tables.columns import table_of
from models.tables.people import AbsenceRow

_T = table_of(AbsenceRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredAbsence:
    """Whole days away, both ends included, in the member's time zone; and who entered them."""

    member: str
    from_: date
    to: date
    by: str
    at: datetime


class SqlAbsences:
    """Absences entered by hand, in the database.

    `changed` is called after each change, so that nobody goes on with a remembered directory.
    """

    def __init__(self, database: Database, changed: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._changed = changed

    def add(self, member: str, from_: date, to: date, *, by: str) -> bool:
        """Enter an absence; False if it was entered before.

        Raises ValueError if the absence would end before it begins.
        """
        if to < from_:
            raise ValueError(f"an absence from {from_} to {to} ends before it begins")
        insert = self._database.upsert(_T).values(
            member=_folded(member), from_day=from_, to_day=to, by=by, at=datetime.now(UTC)
        )
        with self._database.write() as connection:
            new = connection.scalar(insert.on_conflict_do_nothing().returning(_T.c.member))
        self._changed()
        return new is not None

    def remove(self, member: str, from_: date, to: date) -> bool:
        """Remove an absence; False if none with exactly these days was entered by hand."""
        with self._database.write() as connection:
            removed = connection.execute(
                sa.delete(_T).where(
                    _T.c.member == _folded(member), _T.c.from_day == from_, _T.c.to_day == to
                )
            )
        self._changed()
        return removed.rowcount > 0

    def all(self) -> list[EnteredAbsence]:
        """All absences entered by hand, by member and day, past ones too."""
        with self._database.read() as connection:
            return list(entered(connection))


def entered(connection: Connection) -> tuple[EnteredAbsence, ...]:
    """What was entered by hand, read within a transaction."""
    query = sa.select(_T).order_by(_T.c.member, _T.c.from_day, _T.c.to_day)
    return tuple(
        EnteredAbsence(member=row.member, from_=row.from_day, to=row.to_day, by=row.by, at=row.at)
        for row in connection.execute(query)
    )


def with_absences(directory: Directory, absences: Sequence[EnteredAbsence]) -> Directory:
    """The directory with these absences added to the members' own, in every team they are in."""
    if not absences:
        return directory
    away: defaultdict[str, list[Absence]] = defaultdict(list)
    for one in absences:
        away[one.member].append(Absence(from_=one.from_, to=one.to))
    teams = {
        name: team.model_copy(
            update={
                "members": tuple(
                    member.model_copy(update={"away": (*member.away, *away[member.email])})
                    if member.email in away
                    else member
                    for member in team.members
                )
            }
        )
        for name, team in directory.teams.items()
    }
    return directory.model_copy(update={"teams": teams})


def stands_in_file(applied: Directory, member: str, from_: date, to: date) -> bool:
    """Whether the applied teams file has exactly these days: then they are removed there."""
    days = Absence(from_=from_, to=to)
    members = (one for team in applied.teams.values() for one in team.members)
    return any(one.email == _folded(member) and days in one.away for one in members)


def _folded(address: str) -> str:
    return address.strip().lower()
