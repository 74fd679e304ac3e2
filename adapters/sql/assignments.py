"""The table of assignments: what each command was answered, and whether a timeline shows it.

An assignment is counted before its turn is stored, in a transaction of its own. If the turn ends
otherwise (its worker was killed, and the turn that ran again had more inputs), no timeline records
the assignment. Then it is taken back: its row is deleted, and the member's share shrinks by what it
grew. So shares count exactly what the timelines record.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from adapters.sql.shares import shrink_share
from models.decision import Assign, CountAssignment
from models.directory import Directory
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TimelineEntry
from models.tables.people import Assignment

_A = table_of(Assignment)
_E = table_of(TimelineEntry)
_L = table_of(LeadRow)

BY_HAND = "by_hand"
"""Why a row has an owner that was not chosen: a manager chose."""

_log = structlog.get_logger(__name__)
_Counted = tuple[str, int, str]
"""Lead, handoff and owner."""


def settle(connection: Connection, people: Directory) -> None:
    """Settle the assignments whose leads have stored a turn since.

    One that the lead's timeline records is settled for good. Any other is taken back.
    """
    passed = (
        sa.select(_A)
        .join(_L, _L.c.id == _A.c.lead)
        .where(
            _A.c.pending,
            _L.c.turn > _A.c.turn,
            sa.func.coalesce(_L.c.asking, "") != _A.c.key,
        )
        .order_by(_A.c.why.is_(None), _A.c.key)
    )
    rows = connection.execute(passed).all()
    recorded = _recorded(connection, rows)
    for row in rows:
        counted = (row.lead, row.handoff, row.owner)
        if recorded[counted] > 0:
            recorded[counted] -= 1
            connection.execute(sa.update(_A).where(_A.c.key == row.key).values(pending=False))
        else:
            take_back(connection, people, row)


def take_back(connection: Connection, people: Directory, row: sa.Row[Any]) -> None:
    """Delete an assignment that no timeline records, and what it added to its member's share."""
    connection.execute(sa.delete(_A).where(_A.c.key == row.key))
    team = people.teams.get(row.team) if row.team is not None else None
    member = next((one for one in team.members if one.email == row.owner), None) if team else None
    if member is not None:
        shrink_share(connection, row.team, member.email, Fraction(1, member.weight))
    if row.owner is not None:
        _log.info("assignment taken back", lead=row.lead, handoff=row.handoff, team=row.team)


def known(connection: Connection, key: str) -> sa.Row[Any] | None:
    """The row of a command that was answered before."""
    return connection.execute(sa.select(_A).where(_A.c.key == key)).one_or_none()


def add(
    connection: Connection,
    lead: str,
    command: Assign | CountAssignment,
    *,
    turn: int,
    owner: str | None,
    why: str | None,
) -> None:
    """Store the answer to a command that this turn of the lead gave."""
    connection.execute(
        sa.insert(_A).values(
            key=command.key,
            lead=lead,
            handoff=command.handoff,
            team=command.team,
            owner=owner,
            why=why,
            at=command.at,
            turn=turn - 1,
            pending=True,
        )
    )


def _recorded(connection: Connection, rows: Iterable[sa.Row[Any]]) -> Counter[_Counted]:
    """How often the timelines record each assignment, from the turns on that asked for these."""
    since: dict[str, int] = defaultdict(int)
    for row in rows:
        since[row.lead] = min(since.get(row.lead, row.turn), row.turn)
    found: Counter[_Counted] = Counter()
    for lead, turn in since.items():
        # Without `kind` in it: SQLite would read all assignments of all leads by that index.
        query = sa.select(_E.c.kind, _E.c.fields).where(_E.c.lead == lead, _E.c.turn > turn)
        found.update(
            (lead, int(entry.fields["handoff"]), str(entry.fields["owner"]))
            for entry in connection.execute(query)
            if entry.kind == "assigned"
        )
    return found
