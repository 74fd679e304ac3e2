"""The teams now: how many leads each member has and was given, and who is away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapters.sql.database import Database
from adapters.sql.programs import SqlPrograms
from lifecycle.calendars.local_time import zone
from lifecycle.program.rulebook import rulebook
from lifecycle.stages import IN_SALES, WORKED
from models.directory import Directory, Member
from models.program.program import Program
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.people import Assignment, MemberShare

_A = table_of(Assignment)
_L = table_of(LeadRow)
_S = table_of(MemberShare)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    """One member of one team."""

    email: str
    name: str
    capacity: int | None
    weight: int
    leads: int
    """Owned now in mql, sal and sql, in all teams: what counts against the capacity."""
    assigned: int
    """How many assignments the member ever got in this team, reassignments included."""
    share: float
    """The member's share in this team, to two decimals; the lowest of those available is next."""
    away_until: date | None
    """The last day of today's absence; None if the member is not away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLine:
    """One team."""

    name: str
    manager: str | None
    members: tuple[MemberLine, ...]
    left: dict[str, int]
    """Leads from mql to opportunity whose owners are not in the team (any more), by owner."""


class SqlTeamReport:
    """Teams with their figures, from SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def teams(self, people: Directory, now: datetime, timezone: ZoneInfo) -> list[TeamLine]:
        """All teams in file order. `timezone` is that of members who have none of their own."""
        with self._database.read() as connection:
            loads = {
                row[0]: row[1]
                for row in connection.execute(
                    sa.select(_L.c.owner, sa.func.count())
                    .where(_L.c.owner.is_not(None), _L.c.stage.in_(sorted(IN_SALES)))
                    .group_by(_L.c.owner)
                )
            }
            assigned = {
                (row[0], row[1]): row[2]
                for row in connection.execute(
                    sa.select(_A.c.team, _A.c.owner, sa.func.count())
                    .where(_A.c.owner.is_not(None))
                    .group_by(_A.c.team, _A.c.owner)
                )
            }
            shares = {
                (row.team, row.member): Fraction(row.share)
                for row in connection.execute(sa.select(_S))
            }
            owned = connection.execute(
                sa.select(_L.c.team, _L.c.owner, sa.func.count())
                .where(_L.c.owner.is_not(None), _L.c.stage.in_(sorted(WORKED)))
                .group_by(_L.c.team, _L.c.owner)
                .order_by(_L.c.owner)
            ).all()
        return [
            TeamLine(
                name=name,
                manager=team.manager,
                members=tuple(
                    MemberLine(
                        email=one.email,
                        name=one.name,
                        capacity=one.capacity,
                        weight=one.weight,
                        leads=loads.get(one.email, 0),
                        assigned=assigned.get((name, one.email), 0),
                        share=round(float(shares.get((name, one.email), 0)), 2),
                        away_until=away_until(one, now, timezone),
                    )
                    for one in team.members
                ),
                left={
                    owner: count
                    for of, owner, count in owned
                    if of == name and owner != team.manager and not people.is_member(name, owner)
                },
            )
            for name, team in people.teams.items()
        ]


def away_until(member: Member, now: datetime, timezone: ZoneInfo) -> date | None:
    """The last day of the absence that the member's today is in, or None.

    An unknown time zone counts as none.
    """
    try:
        here = zone(member.timezone) if member.timezone is not None else timezone
    except ValueError:
        here = timezone
    today = now.astimezone(here).date()
    days: Iterable[date] = (one.to for one in member.away if one.from_ <= today <= one.to)
    return max(days, default=None)


def office_zone(programs: SqlPrograms) -> ZoneInfo:
    """The time zone for absences of members without one: that of the accept calendars.

    If those of the programs published last don't agree on one (each team has its own calendar),
    it is the programs' own time zone, and UTC if they don't agree on that either.
    """
    newest = [found for name in programs.names() if (found := programs.newest(name))]
    for zones in (
        {one for program in newest for one in _accept_zones(program)},
        {rulebook(program).zone for program in newest},
    ):
        if len(zones) == 1:
            return zones.pop()
    return ZoneInfo("UTC")


def _accept_zones(program: Program) -> set[ZoneInfo]:
    """The time zones of the accept calendars: of each clock, of each route where it names none."""
    book, handoff = rulebook(program), program.handoff
    accept = handoff.clocks("accept") if handoff is not None else ()
    calendars = {clock.calendar for clock in accept} or {None}
    if None in calendars and handoff is not None:
        calendars = calendars - {None} | {route.calendar for route in handoff.routing}
    return {book.open_time(name, book.zone).timezone for name in calendars}
