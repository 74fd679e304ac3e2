"""Leads and their timelines, as lists and pages show them, from SQL alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.reports.queries import rows, text
from adapters.sql.database import Database
from adapters.sql.lead_names import SqlLeadNames
from adapters.sql.lead_search import SqlLeadSearch
from lifecycle.stable_hash import short_hash
from lifecycle.words.person_name import person_name
from models.decision import Entry
from models.state import LeadState, read_state
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TaskRow, TimelineEntry

_E = table_of(TimelineEntry)
_L = table_of(LeadRow)
_T = table_of(TaskRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLine:
    """One lead in a list."""

    id: str
    email: str | None
    stage: str
    since: datetime | None
    motion: str
    owner: str | None
    track: str | None
    cycle: int
    fit: float
    engagement: float
    """At the lead's last event; since then it has decayed."""
    due_at: datetime | None
    due_what: str | None
    handoff: int | None
    team: str | None
    """Of the handoff of this cycle."""
    clock: str | None
    """The running clock of the handoff that is due first."""
    clock_due: datetime | None
    breached: bool
    closed: bool
    program: str
    profile: Mapping[str, Any]
    updated: datetime
    """When the row changed last (wall clock)."""
    task_owners: frozenset[str] = frozenset()
    """Who has an open task on the lead: persons. Only `line` and `dossier` read it."""
    task_teams: frozenset[str] = frozenset()
    """Which teams have one, any member of which may do it."""

    @property
    def name(self) -> str | None:
        """The person's name; None if the profile has none."""
        return person_name(self.profile) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which leads somebody may see: those they own and those of some teams."""

    owner: str
    teams: frozenset[str]
    unhanded: bool = False
    """Also leads that no team has: every manager sees them."""

    def shows(self, line: LeadLine) -> bool:
        """Whether this lead is among them: the handoff is theirs, or an open task."""
        if line.team is None and self.unhanded:
            return True
        handed = line.owner == self.owner or line.team in self.teams
        return handed or self.owner in line.task_owners or bool(self.teams & line.task_teams)

    def condition(self) -> sa.ColumnElement[bool]:
        """The same in SQL."""
        teams = sorted(self.teams)
        task = sa.exists().where(
            _T.c.lead == _L.c.id,
            _T.c.done.is_(None),
            sa.or_(_T.c.owner == self.owner, _T.c.team.in_(teams)),
        )
        seen = sa.or_(_L.c.owner == self.owner, _L.c.team.in_(teams), task)
        return sa.or_(seen, _L.c.team.is_(None)) if self.unhanded else seen


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDossier:
    """All that is known of one lead."""

    line: LeadLine
    state: LeadState
    timeline: tuple[Entry, ...]


LINE_COLUMNS = [_L.c[name] for name in LeadLine.__slots__ if name in _L.c]
"""The columns of a lead in a list."""


class SqlReports:
    """Lists, timelines and dossiers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def leads(
        self,
        *,
        stage: str | None = None,
        owner: str | None = None,
        due_before: datetime | None = None,
        program: str | None = None,
        find: str | None = None,
        sight: Sight | None = None,
        limit: int | None = None,
    ) -> list[LeadLine]:
        """Leads to which all that is given applies; what is due first comes first.

        A lead that was merged into another is left out. `find` is a text that the name, the
        company or the address contains, or an id.
        """
        query = (
            sa.select(*LINE_COLUMNS)
            .where(_L.c.merged_into.is_(None))
            .order_by(_L.c.due_at.asc().nulls_last(), _L.c.id)
        )
        if stage is not None:
            query = query.where(_L.c.stage == stage)
        if owner is not None:
            query = query.where(_L.c.owner == owner.strip().lower())
        if due_before is not None:
            query = query.where(_L.c.due_at < due_before)
        if program is not None:
            query = query.where(_L.c.program == program)
        if find is not None:
            query = query.where(_L.c.id.in_(SqlLeadSearch(self._database).leads(find)))
        if sight is not None:
            query = query.where(sight.condition())
        return [LeadLine(**row) for row in rows(self._database, query.limit(limit))]

    def with_id(self, given: str) -> str | None:
        """The own id of the lead that has this id; None if there is none."""
        if not given.isprintable():
            return None  # no id holds such characters, and PostgreSQL takes no NUL
        with self._database.read() as connection:
            return SqlLeadNames(self._database).by_ids(connection, [given]).get(given)

    def line(self, lead: str) -> LeadLine | None:
        """One lead as lists show it, or None if it is not known here."""
        found = rows(self._database, sa.select(*LINE_COLUMNS).where(_L.c.id == lead))
        return self._line(found[0]) if found else None

    def _line(self, row: Mapping[str, Any]) -> LeadLine:
        """One lead with those who have an open task on it."""
        open_tasks = rows(
            self._database,
            sa.select(_T.c.owner, _T.c.team).where(_T.c.lead == row["id"], _T.c.done.is_(None)),
        )
        return LeadLine(
            **row,
            task_owners=frozenset(one["owner"] for one in open_tasks if one["owner"]),
            task_teams=frozenset(one["team"] for one in open_tasks if one["team"]),
        )

    def dossier(
        self, lead: str, *, last: int | None = None, before: int | None = None
    ) -> StoredDossier | None:
        """One lead with its timeline, or None if it is not known here.

        Of the timeline only the `last` so many entries before the number `before`, if given.
        """
        found = rows(self._database, sa.select(_L.c.state, *LINE_COLUMNS).where(_L.c.id == lead))
        if not found:
            return None
        row = dict(found[0])
        state = read_state(row.pop("state"))
        timeline = self.timeline(lead, last=last, before=before)
        return StoredDossier(line=self._line(row), state=state, timeline=timeline)

    def acted(self, lead: str, act: str, by: str) -> bool:
        """Whether this person did the act of this id, as far as the lead remembers its acts."""
        found = rows(self._database, sa.select(_L.c.state).where(_L.c.id == lead))
        turn = found[0]["state"].get("acts", {}).get(short_hash(act)) if found else None
        if turn is None:
            return False
        theirs = (_E.c.lead == lead, _E.c.turn == turn, text(_E.c.fields, "by") == by)
        return bool(rows(self._database, sa.select(_E.c.seq).where(*theirs).limit(1)))

    def pace(self, lead: str) -> tuple[int, datetime | None]:
        """How many turns a lead has taken, and when the next is due; (0, None) before the first."""
        found = rows(self._database, sa.select(_L.c.turn, _L.c.due_at).where(_L.c.id == lead))
        return next(((row["turn"], row["due_at"]) for row in found), (0, None))

    def timeline(
        self, lead: str, *, last: int | None = None, before: int | None = None
    ) -> tuple[Entry, ...]:
        """The lead's entries by seq; instants inside fields are ISO 8601 texts.

        Only the `last` so many, before the number `before`, if given.
        """
        query = (
            sa.select(_E.c.seq, _E.c.at, _E.c.kind, _E.c.fields)
            .where(_E.c.lead == lead)
            .order_by(_E.c.seq.desc())
            .limit(last)
        )
        if before is not None:
            query = query.where(_E.c.seq < before)
        return tuple(Entry(**row) for row in reversed(rows(self._database, query)))
