"""Leads whose owner leaves a team: each gets an event by the intake, stored with the change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.intake import SqlIntake
from adapters.sql.new_item import NewItem
from lifecycle.handoff.unreachable_owner import LEFT
from lifecycle.stable_hash import short_hash
from lifecycle.stages import WORKED
from models.directory import Directory
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.people import Assignment

_A = table_of(Assignment)
_L = table_of(LeadRow)


def leavers(before: Directory, after: Directory) -> Iterator[tuple[str, str]]:
    """Each (team, person) that was in the team, as a member or its manager, and is not any more."""
    for name in before.teams:
        for person in sorted(_people(before, name) - _people(after, name)):
            yield name, person


def _people(directory: Directory, name: str) -> set[str]:
    team = directory.teams.get(name)
    if team is None:
        return set()
    return {one.email for one in team.members} | ({team.manager} if team.manager else set())


def leads_left(connection: Connection, before: Directory, after: Directory) -> dict[str, list[str]]:
    """The leads in mql to opportunity that those who leave own in the team they leave.

    By person; those who own none are absent.
    """
    found: dict[str, set[str]] = {}
    for team, person in leavers(before, after):
        owned = sa.select(_L.c.id).where(
            _L.c.owner == person, _L.c.team == team, _L.c.stage.in_(sorted(WORKED))
        )
        # A lead that was assigned a moment ago has a row that does not show it yet.
        given = sa.select(_A.c.lead).where(_A.c.pending, _A.c.owner == person, _A.c.team == team)
        found.setdefault(person, set()).update(connection.scalars(sa.union(owned, given)))
    return {person: sorted(leads) for person, leads in sorted(found.items()) if leads}


def leads_of_teams(connection: Connection, teams: Sequence[str]) -> dict[str, int]:
    """How many leads in mql to opportunity each of these teams has, with or without an owner."""
    query = (
        sa.select(_L.c.team, sa.func.count())
        .where(_L.c.team.in_(teams), _L.c.stage.in_(sorted(WORKED)))
        .group_by(_L.c.team)
    )
    return {row[0]: row[1] for row in connection.execute(query)} if teams else {}


def tell(
    intake: SqlIntake,
    connection: Connection,
    left: dict[str, list[str]],
    *,
    version: int,
    now: datetime,
    known: timedelta,
) -> None:
    """Store the events by which these leads learn of the directory's new version.

    They are sent after `known`, when every worker has the new version, because it says whom to
    alert.
    """
    items = [
        _item(lead, person, f"owner-left/{version}/{short_hash(person)}", now, known)
        for person, leads in left.items()
        for lead in leads
    ]
    intake.store(connection, items)


def _item(lead: str, person: str, identity: str, now: datetime, delay: timedelta) -> NewItem:
    raw = {"id": identity, "type": LEFT, "data": {"person": person}}
    return NewItem.event(lead, raw, arrived=now, delay=delay)
