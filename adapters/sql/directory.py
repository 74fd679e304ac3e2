"""The directory in the database, and who is assigned which lead.

The directory is the teams file that was applied last, with the absences that were entered by hand.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql import assignments
from adapters.sql import departed_owners as owners_left
from adapters.sql.absences import EnteredAbsence, SqlAbsences, entered, with_absences
from adapters.sql.companies import preferred
from adapters.sql.database import Database
from adapters.sql.intake import SqlIntake
from adapters.sql.shares import read_shares, write_shares
from lifecycle.handoff.roster import Roster
from lifecycle.stages import IN_SALES
from models.decision import Assign, CountAssignment
from models.directory import Directory
from models.instants import whole_second
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.people import AppliedDirectory, Assignment

_A = table_of(Assignment)
_D = table_of(AppliedDirectory)
_L = table_of(LeadRow)

_REMEMBERED_SECONDS = 2.0
_ASSIGNMENT_LOCK = 5_323_460_002


@dataclass(frozen=True, slots=True)
class _KnownPeople:
    """The directory as it was last read, and what it was made of."""

    version: int
    applied: Directory
    absences: tuple[EnteredAbsence, ...]
    merged: Directory


class SqlDirectory:
    """The people of sales. Assignments are made one after another, also by several processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._intake = SqlIntake(database)
        self._lock = Lock()
        self._known = _KnownPeople(0, Directory(), (), Directory())
        self._changes = 0
        self._looked = -_REMEMBERED_SECONDS
        self.absences = SqlAbsences(database, self.forget)
        """Days away entered by hand; `directory` shows a change at once."""

    def apply(self, people: Directory) -> dict[str, list[str]]:
        """Make this the directory, in a transaction of its own; else see `apply_in`."""
        with self._database.write() as connection:
            _, left = self.apply_in(connection, people)
        self.forget()
        return left

    def apply_in(
        self, connection: Connection, people: Directory
    ) -> tuple[Directory, dict[str, list[str]]]:
        """Make this the directory, in the caller's transaction. The same one changes nothing.

        Leads whose owner leaves their team by it get the event `owner.left`. Returns the directory
        as it was applied before, and these leads by person. Call `forget` after the commit.
        """
        self._queue(connection)
        known = self._read(connection)
        left: dict[str, list[str]] = {}
        if known.applied != people or known.version == 0:
            now = datetime.now(UTC)
            version = connection.scalar(
                sa.insert(_D)
                .values(document=people.model_dump(mode="json", by_alias=True), applied_at=now)
                .returning(_D.c.version)
            )
            assignments.settle(connection, known.merged)
            left = owners_left.leads_left(connection, known.applied, people)
            owners_left.tell(
                self._intake,
                connection,
                left,
                version=version or 0,
                now=whole_second(now),
                known=timedelta(seconds=_REMEMBERED_SECONDS),
            )
        return known.applied, left

    def applied(self) -> Directory:
        """The teams file as it was last applied, without the absences entered by hand."""
        with self._database.read() as connection:
            return self._read(connection).applied

    def leads_left(self, people: Directory) -> dict[str, list[str]]:
        """Which leads would get `owner.left` if this were applied, by person."""
        with self._database.read() as connection:
            return owners_left.leads_left(connection, self._read(connection).applied, people)

    def directory(self) -> Directory:
        """The people as last applied, at most two seconds ago; without any, an empty directory."""
        with self._lock:
            if time.monotonic() - self._looked < _REMEMBERED_SECONDS:
                return self._known.merged
        with self._database.read() as connection:
            return self._latest(connection)

    def assign(self, lead: str, command: Assign, turn: int) -> tuple[str | None, str | None]:
        """Choose an owner in one transaction: (owner, None) or (None, why).

        `turn` is the number of the lead's turn that asks. The same key gets the same answer and is
        counted once, unless it asks for something else by now: then it is chosen anew. Nobody gets
        more leads than their capacity, however many calls are made at once.
        """
        with self._database.write() as connection:
            people = self._settled(connection)
            known = assignments.known(connection, command.key)
            if known is not None and (not known.pending or _still_right(known, command)):
                return known.owner, known.why
            if known is not None:
                assignments.take_back(connection, people, known)
            loads = partial(self._loads, connection, lead)
            first = preferred(connection, self._database, people, lead, command)
            with self._roster(connection, command.team) as roster:
                choice = roster.assign(people, replace(command, prefer=first), loads)
            assignments.add(
                connection, lead, command, turn=turn, owner=choice.owner, why=choice.why
            )
        return choice.owner, choice.why

    def count(self, lead: str, command: CountAssignment, turn: int) -> None:
        """Count an assignment that a manager made by hand in this turn; once for a key."""
        with self._database.write() as connection:
            people = self._settled(connection)
            known = assignments.known(connection, command.key)
            if known is not None and (not known.pending or _still_right(known, command)):
                return
            if known is not None:
                assignments.take_back(connection, people, known)
            loads = partial(self._loads, connection, lead)
            with self._roster(connection, command.team) as roster:
                roster.count(people, command, loads)
            assignments.add(
                connection, lead, command, turn=turn, owner=command.owner, why=assignments.BY_HAND
            )

    def settle(self) -> None:
        """Take back the assignments that no timeline records, as the next assignment would."""
        with self._database.write() as connection:
            self._settled(connection)

    def _settled(self, connection: Connection) -> Directory:
        """The directory, once nobody else assigns and former assignments are settled."""
        self._queue(connection)
        people = self._latest(connection)
        assignments.settle(connection, people)
        return people

    def _queue(self, connection: Connection) -> None:
        if not self._database.is_sqlite:  # SQLite's writers queue anyway
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ASSIGNMENT_LOCK)))

    def forget(self) -> None:
        """Make the next call of `directory` read it again, also if one reads it just now."""
        with self._lock:
            self._changes += 1
            self._looked = -_REMEMBERED_SECONDS

    def _latest(self, connection: Connection) -> Directory:
        return self._read(connection).merged

    def _read(self, connection: Connection) -> _KnownPeople:
        with self._lock:
            known, changes = self._known, self._changes
        version = connection.scalar(sa.select(sa.func.max(_D.c.version))) or 0
        absences = entered(connection)
        if (version, absences) != (known.version, known.absences):
            applied = known.applied
            if version != known.version:
                query = sa.select(_D.c.document).where(_D.c.version == version)
                applied = Directory.model_validate(connection.scalar(query))
            known = _KnownPeople(version, applied, absences, with_absences(applied, absences))
        with self._lock:
            self._known = known
            if changes == self._changes:
                self._looked = time.monotonic()
        return known

    def _loads(
        self, connection: Connection, assigned: str, limited: Sequence[str]
    ) -> dict[str, int]:
        """Leads owned in mql, sal and sql, by each of these members.

        The lead that is to be assigned counts for nobody.

        A lead's row is later than its assignment: until a turn has stored it, the assignment itself
        counts.
        """
        if not limited:
            return {}
        members = self._database.listed(limited)
        owned = (
            sa.select(_L.c.owner, _L.c.id.label("lead"))
            .where(_L.c.stage.in_(sorted(IN_SALES)), _L.c.owner.in_(members), _L.c.id != assigned)
            .union(
                sa.select(_A.c.owner, _A.c.lead).where(
                    _A.c.pending, _A.c.owner.in_(members), _A.c.lead != assigned
                )
            )
            .subquery()
        )
        query = sa.select(owned.c.owner, sa.func.count()).group_by(owned.c.owner)
        return {row[0]: row[1] for row in connection.execute(query)}

    @contextmanager
    def _roster(self, connection: Connection, team: str | None) -> Iterator[Roster]:
        """The team's shares to assign by; what changes is stored."""
        if team is None:
            yield Roster()
            return
        before = read_shares(connection, team)
        roster = Roster({team: before})
        yield roster
        write_shares(self._database, connection, team, before, roster.shares(team))


def _still_right(known: sa.Row[Any], command: Assign | CountAssignment) -> bool:
    """Whether an answer that no timeline records yet still answers the command of this key.

    A turn that runs again with more inputs may ask for another team or another person.
    """
    if (known.team, known.handoff) != (command.team, command.handoff):
        return False
    if isinstance(command, CountAssignment):
        return bool(known.owner == command.owner)
    return known.owner not in command.tried
