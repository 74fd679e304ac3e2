"""The open handoffs of a manager's teams, for the digest, from SQL alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.reports.sla import Acceptance
from adapters.sql.database import Database
from lifecycle.calendars.local_time import resolve, zone
from lifecycle.stages import IN_SALES
from models.durations import Share
from models.instants import parse_instant
from models.program.program import Program
from models.tables.columns import table_of
from models.tables.leads import HandoffRow, LeadRow, TimelineEntry

_E = table_of(TimelineEntry)
_H = table_of(HandoffRow)
_L = table_of(LeadRow)

TARGET = "accepted_within_sla"
"""The program's target with which the share of accepted handoffs is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHandoff:
    """A lead that is with sales."""

    lead: str
    profile: Mapping[str, Any]
    stage: str
    owner: str | None
    clock: str | None
    """The running clock that is due first."""
    due: datetime | None
    """When that is."""
    breached: tuple[tuple[str, datetime], ...]
    """The clocks that were breached and not answered since, and when they were due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFacts:
    """What a manager's digest says. `at` is in the program's time zone."""

    at: datetime
    teams: tuple[str, ...]
    open: tuple[OpenHandoff, ...]
    """What is due first comes first."""
    today_ends: datetime
    accepted: Acceptance
    """This week, since Monday 00:00: accept clocks that ended, and how many of them in time."""
    target: Share | None

    @property
    def breached(self) -> tuple[OpenHandoff, ...]:
        """Those with a breach that was not answered."""
        return tuple(one for one in self.open if one.breached)

    @property
    def due_today(self) -> tuple[OpenHandoff, ...]:
        """Those with a clock that is due before the day ends."""
        return tuple(one for one in self.open if one.due is not None and one.due < self.today_ends)

    @property
    def later(self) -> tuple[OpenHandoff, ...]:
        """All others."""
        due = self.due_today
        return tuple(one for one in self.open if not one.breached and one not in due)


class SqlDigestFacts:
    """Facts for digests, from SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, program: Program, teams: frozenset[str], at: datetime) -> DigestFacts:
        """This program's open handoffs to these teams now; day and week are those of `at`."""
        tz = zone(program.timezone)
        local = at.astimezone(tz)
        monday = _midnight(local - timedelta(days=local.weekday()), tz)
        target = program.targets.get(TARGET)
        with self._database.read() as connection:
            return DigestFacts(
                at=local,
                teams=tuple(sorted(teams)),
                open=_open(connection, program.program, teams),
                today_ends=_midnight(local + timedelta(days=1), tz),
                accepted=_accepted(connection, program.program, teams, monday),
                target=target if isinstance(target, Share) else None,
            )


def _midnight(day: datetime, tz: ZoneInfo) -> datetime:
    return resolve(datetime.combine(day.date(), time()), tz)


def _open(connection: Connection, program: str, teams: frozenset[str]) -> tuple[OpenHandoff, ...]:
    query = (
        sa.select(_L.c.id, _L.c.profile, _L.c.stage, _L.c.owner, _L.c.clock, _L.c.clock_due)
        .add_columns(sa.case((_L.c.breached, _L.c.state)).label("state"))
        .join(_H, sa.and_(_H.c.lead == _L.c.id, _H.c.number == _L.c.handoff))
        .where(_L.c.program == program, _L.c.team.in_(sorted(teams)))
        .where(_L.c.stage.in_(sorted(IN_SALES)), sa.not_(_H.c.over))
        .order_by(_L.c.clock_due.asc().nulls_last(), _L.c.id)
    )
    return tuple(
        OpenHandoff(
            lead=row.id,
            profile=row.profile,
            stage=row.stage,
            owner=row.owner,
            clock=row.clock,
            due=row.clock_due,
            breached=_breached(row.state) if row.state is not None else (),
        )
        for row in connection.execute(query)
    )


def _breached(state: Mapping[str, Any]) -> tuple[tuple[str, datetime], ...]:
    clocks = (state.get("handoff") or {}).get("clocks", ())
    return tuple((one["name"], parse_instant(one["due"])) for one in clocks if one.get("breached"))


def _accepted(
    connection: Connection, program: str, teams: frozenset[str], since: datetime
) -> Acceptance:
    """The accept clocks that ended since then: by an acceptance, or by the first breach.

    A handoff that was breached before and is accepted now was counted when it was breached.
    """
    breached = (
        sa.select(_E.c.lead, _E.c.at)
        .join(_L, _L.c.id == _E.c.lead)
        .where(_L.c.program == program, _E.c.kind == "breached", _E.c.at >= since)
        .where(_E.c.fields["clock"].as_string() == "accept")
    )
    breaches: defaultdict[str, list[datetime]] = defaultdict(list)
    for lead, at in connection.execute(breached):
        breaches[lead].append(at)
    leads = sa.select(breached.subquery().c.lead)
    handoffs = (
        sa.select(_H.c.lead, _H.c.team, _H.c.opened, _H.c.accepted, _H.c.accept_breaches)
        .join(_L, _L.c.id == _H.c.lead)
        .where(_L.c.program == program)
        .where(sa.or_(_H.c.accepted >= since, _H.c.lead.in_(leads)))
        .order_by(_H.c.lead, _H.c.number.desc())
    )
    in_time = missed = 0
    for row in connection.execute(handoffs):
        # A breach belongs to the last handoff that was opened before it.
        here = [at for at in breaches[row.lead] if at >= row.opened]
        breaches[row.lead] = [at for at in breaches[row.lead] if at < row.opened]
        if row.team not in teams:
            continue
        if here and len(here) == row.accept_breaches:
            missed += 1
        elif row.accepted is not None and row.accepted >= since and not row.accept_breaches:
            in_time += 1
    return Acceptance(ended=in_time + missed, in_time=in_time)
