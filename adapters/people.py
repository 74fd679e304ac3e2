"""The directory in the database, and who is given which lead."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from fractions import Fraction
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.database import Database
from lifecycle.assignment import LOADING_STAGES
from lifecycle.roster import Roster
from models.decision import Assign, CountAssignment
from models.directory import Directory
from models.tables import AppliedDirectory, Assignment, Counter, Lead, table_of

_A = table_of(Assignment)
_C = table_of(Counter)
_D = table_of(AppliedDirectory)
_L = table_of(Lead)

_REMEMBERED_SECONDS = 2.0
_ASSIGNMENT_LOCK = 5_323_460_002


class SqlPeople:
    """The people of sales; assignments are made one after another, whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._known = (0, Directory())
        self._looked = -_REMEMBERED_SECONDS

    def apply(self, people: Directory) -> None:
        """Make this the directory. The same one again changes nothing."""
        with self._database.write() as connection:
            if self._latest(connection) != people or self._known[0] == 0:
                connection.execute(
                    sa.insert(_D).values(
                        document=people.model_dump(mode="json", by_alias=True),
                        applied_at=datetime.now(UTC),
                    )
                )
        with self._lock:
            self._looked = -_REMEMBERED_SECONDS

    def directory(self) -> Directory:
        """The people as last applied, at most two seconds ago; without any, an empty directory."""
        with self._lock:
            if time.monotonic() - self._looked < _REMEMBERED_SECONDS:
                return self._known[1]
        with self._database.read() as connection:
            return self._latest(connection)

    def assign(self, lead: str, command: Assign) -> tuple[str | None, str | None]:
        """Choose an owner in one transaction: (owner, None) or (None, why).

        The same key gets the same answer and is counted once. Nobody is given more than
        their capacity, whoever asks at the same time.
        """
        with self._database.write() as connection:
            self._queue(connection)
            known = connection.execute(
                sa.select(_A.c.owner, _A.c.why).where(_A.c.key == command.key)
            ).one_or_none()
            if known is not None:
                return known.owner, known.why
            people = self._latest(connection)
            roster = self._roster(connection, command.team)
            choice = roster.assign(people, command, self._loads(connection, people, command.team))
            self._store(connection, command.team, roster)
            self._answer(connection, lead, command, choice.owner, choice.why)
        return choice.owner, choice.why

    def count(self, lead: str, command: CountAssignment) -> None:
        """Count an assignment that a manager made by hand; once for a key."""
        with self._database.write() as connection:
            self._queue(connection)
            if connection.scalar(sa.select(sa.exists().where(_A.c.key == command.key))):
                return
            roster = self._roster(connection, command.team)
            roster.count(self._latest(connection), command)
            self._store(connection, command.team, roster)
            self._answer(connection, lead, command, command.owner, "by_hand")

    def _queue(self, connection: Connection) -> None:
        if not self._database.is_sqlite:  # SQLite's writers queue anyway
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ASSIGNMENT_LOCK)))

    def _latest(self, connection: Connection) -> Directory:
        version = connection.scalar(sa.select(sa.func.max(_D.c.version))) or 0
        with self._lock:
            known = self._known
        if version != known[0]:
            document = connection.scalar(sa.select(_D.c.document).where(_D.c.version == version))
            known = (version, Directory.model_validate(document))
        with self._lock:
            self._known, self._looked = known, time.monotonic()
        return known[1]

    def _loads(self, connection: Connection, people: Directory, team: str | None) -> dict[str, int]:
        """Leads owned in the loading stages, by member of the team.

        A lead's row lags behind its assignment: until a turn has told of it, the assignment
        itself counts.
        """
        connection.execute(
            sa.update(_A)
            .where(
                _A.c.pending,
                sa.exists().where(
                    _L.c.id == _A.c.lead,
                    _L.c.turn != _A.c.turn,
                    sa.func.coalesce(_L.c.asking, "") != _A.c.key,
                ),
            )
            .values(pending=False)
        )
        found = people.teams.get(team) if team is not None else None
        members = [one.email for one in found.members] if found is not None else []
        owned = (
            sa.select(_L.c.owner, _L.c.id.label("lead"))
            .where(_L.c.stage.in_(LOADING_STAGES), _L.c.owner.in_(members))
            .union(sa.select(_A.c.owner, _A.c.lead).where(_A.c.pending, _A.c.owner.in_(members)))
            .subquery()
        )
        query = sa.select(owned.c.owner, sa.func.count()).group_by(owned.c.owner)
        return {row[0]: row[1] for row in connection.execute(query)}

    def _roster(self, connection: Connection, team: str | None) -> Roster:
        rows = connection.execute(sa.select(_C.c.member, _C.c.total).where(_C.c.team == team))
        counts = {row.member: Fraction(row.total) for row in rows}
        return Roster({team: counts} if team is not None else None)

    def _store(self, connection: Connection, team: str | None, roster: Roster) -> None:
        if team is None or not (counts := roster.counts(team)):
            return
        connection.execute(sa.delete(_C).where(_C.c.team == team))
        connection.execute(
            sa.insert(_C),
            [{"team": team, "member": member, "total": str(n)} for member, n in counts.items()],
        )

    def _answer(
        self,
        connection: Connection,
        lead: str,
        command: Assign | CountAssignment,
        owner: str | None,
        why: str | None,
    ) -> None:
        turn = connection.scalar(sa.select(_L.c.turn).where(_L.c.id == lead))
        connection.execute(
            sa.insert(_A).values(
                key=command.key,
                lead=lead,
                handoff=command.handoff,
                team=command.team,
                owner=owner,
                why=why,
                at=command.at,
                turn=turn or 0,
                pending=why is None,
            )
        )
