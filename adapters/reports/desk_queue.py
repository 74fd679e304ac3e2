"""The queues of the desk: the leads that sales works, ranked by what is due.

A queue has groups. One expression says in which group a lead is. The numbers of the groups and the
lists are made from it, so they can't differ. Everything but the shown page is read from the narrow
rows of `standings`.

The file is long because pages, numbers and bulk acts of a queue share its expressions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapters.sql.database import Database
from adapters.sql.lead_search import SqlLeadSearch
from adapters.sql.lead_tags import SqlLeadTags, tagged
from lifecycle.stages import WORKED
from models.directory import Directory
from models.state import LeadState, read_state
from models.tables.columns import UtcInstant, table_of
from models.tables.leads import LeadRow
from models.tables.standings import StandingRow
from models.tables.tags import LeadTag

_L = table_of(LeadRow)
_S = table_of(StandingRow)
_T = table_of(LeadTag)

PAGE = 50
"""How many leads a page of a queue has."""

Element = sa.ColumnElement[Any]
Group = Literal["unowned", "overdue", "new", "today", "later", "held", "none"]
GROUPS: Final[tuple[Group, ...]] = ("unowned", "overdue", "new", "today", "later", "held", "none")
"""The groups of a queue, the most urgent first (docs/desk.md).

`unowned`: it has no owner, or one who has left the team. Only queues of teams have it.
"""
Sort = Literal["due", "score", "activity"]
SORTS: Final[tuple[Sort, ...]] = ("due", "score", "activity")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDay:
    """When somebody asks, by the program's clock, and when their day ends."""

    now: datetime
    tomorrow: datetime

    @classmethod
    def of(cls, now: datetime, zone: ZoneInfo) -> QueueDay:
        """This instant, and the next midnight in this time zone."""
        next_day = now.astimezone(zone) + timedelta(days=1)
        return cls(now=now, tomorrow=next_day.replace(hour=0, minute=0, second=0, microsecond=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a queue is narrowed down to. Empty: everything."""

    find: str = ""
    """What name, company or address contains, or an id of the lead."""
    group: str = ""
    stage: str = ""
    owner: str = ""
    team: str = ""
    tag: str = ""
    program: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A lead in a queue."""

    group: str
    lead: str
    team: str | None
    owner: str | None
    raised: str | None
    """What the lead did to ask for sales, in words."""
    to_accept: bool
    active: datetime | None
    """When the lead itself last did something."""
    state: LeadState
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """A page of a queue, and how many leads the queue has."""

    rows: tuple[QueueRow, ...]
    number: int
    counts: Mapping[str, int]
    """Leads by group, without the filter by group."""
    total: int
    """Leads that the filters leave, on all pages."""

    @property
    def first(self) -> int:
        """The number of the page's first lead, from 1; 0 if there is none."""
        return (self.number - 1) * PAGE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of its last lead."""
        return self.first + len(self.rows) - 1 if self.rows else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The leads of one owner in one team and one group."""

    team: str | None
    owner: str | None
    group: str
    leads: int
    oldest: datetime | None
    """Since when the longest of them is in its stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """A queue at one look: how much of it is new and overdue, and a stamp of the rest."""

    new: int
    overdue: int
    stamp: str
    """Another one as soon as any lead comes, goes or is ranked differently."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Whose leads: a condition, and the one for leads that nobody works."""

    where: Element
    unowned: Element | None = None

    def group(self, day: QueueDay) -> Element:
        """The group of a lead, in SQL."""
        now, tomorrow = (sa.literal(one, UtcInstant()) for one in (day.now, day.tomorrow))
        unowned = [(self.unowned, "unowned")] if self.unowned is not None else []
        return sa.case(
            *unowned,
            (sa.or_(_S.c.overdue.is_not(None), _S.c.clock_due <= now), "overdue"),
            (_S.c.held_until > now, "held"),
            (_S.c.to_accept, "new"),
            (_S.c.clock_due < tomorrow, "today"),
            (_S.c.clock_due.is_not(None), "later"),
            else_="none",
        )


def queue_of(person: str) -> Queue:
    """What this person owns and works."""
    return Queue(sa.and_(_S.c.owner == person, _worked()))


def queue_of_teams(teams: Collection[str], people: Directory) -> Queue:
    """What these teams work."""
    gone = []
    for name in sorted(teams):
        team = people.teams[name]
        there = [*(one.email for one in team.members), *([team.manager] if team.manager else [])]
        gone.append(sa.and_(_S.c.team == name, _S.c.owner.not_in(there)))
    return Queue(
        sa.and_(_S.c.team.in_(sorted(teams)), _worked()),
        unowned=sa.or_(_S.c.owner.is_(None), *gone),
    )


class SqlQueues:
    """Reads queues."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._search = SqlLeadSearch(database)
        self._tags = SqlLeadTags(database)

    def page(
        self, queue: Queue, day: QueueDay, filters: Filters, *, sort: Sort = "due", number: int = 1
    ) -> QueuePage:
        """A page of a queue. Pages count from 1."""
        group = queue.group(day)
        asked = [queue.where, *_narrowed(replace(filters, group=""), self._search)]
        shown = [group == filters.group] if filters.group else []
        page = (
            sa.select(_S.c.lead, group.label("of_group"), *_COLUMNS)
            .where(*asked, *shown)
            .order_by(*_order(group, sort))
            .limit(PAGE)
            .offset((number - 1) * PAGE)
        )
        counted = (
            sa.select(group.label("of_group"), sa.func.count())
            .where(*asked)
            .group_by(sa.literal_column("of_group"))
        )
        with self._database.read() as connection:
            found = connection.execute(page).all()
            whole = sa.select(_L.c.id, _L.c.state).where(_L.c.id.in_([one.lead for one in found]))
            states = {row.id: row.state for row in connection.execute(whole)}
            counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
        tags = self._tags.of(list(states))
        return QueuePage(
            rows=tuple(
                QueueRow(
                    group=one.of_group,
                    lead=one.lead,
                    team=one.team,
                    owner=one.owner,
                    raised=one.raised,
                    to_accept=one.to_accept,
                    active=one.active_at,
                    state=read_state(states[one.lead]),
                    tags=tags.get(one.lead, ()),
                )
                for one in found
            ),
            number=number,
            counts=counts,
            total=counts.get(filters.group, 0) if filters.group else sum(counts.values()),
        )

    def leads(self, queue: Queue, day: QueueDay, filters: Filters, *, most: int) -> list[str]:
        """The ids of all leads that the filters leave, up to `most`, the most urgent first."""
        group = queue.group(day)
        asked = [queue.where, *_narrowed(replace(filters, group=""), self._search)]
        shown = [group == filters.group] if filters.group else []
        query = sa.select(_S.c.lead).where(*asked, *shown).order_by(*_order(group, "due"))
        with self._database.read() as connection:
            return list(connection.scalars(query.limit(most)))

    def worked(self, queue: Queue, leads: Collection[str]) -> dict[str, tuple[str, str | None]]:
        """Team and owner of those of these leads that are in a queue of teams."""
        query = sa.select(_S.c.lead, _S.c.team, _S.c.owner).where(
            queue.where, _S.c.lead.in_(self._database.listed(sorted(leads)))
        )
        with self._database.read() as connection:
            return {row.lead: (row.team, row.owner) for row in connection.execute(query)}

    def loads(self, queue: Queue, day: QueueDay) -> list[Load]:
        """How many leads each owner has in each team and group."""
        query = (
            sa.select(
                _S.c.team,
                _S.c.owner,
                queue.group(day).label("of_group"),
                sa.func.count(),
                sa.func.min(_S.c.since),
            )
            .where(queue.where)
            .group_by(_S.c.team, _S.c.owner, sa.literal_column("of_group"))
        )
        with self._database.read() as connection:
            return [
                Load(team=team, owner=owner, group=group, leads=leads, oldest=oldest)
                for team, owner, group, leads, oldest in connection.execute(query)
            ]

    def pulse(self, queue: Queue, day: QueueDay) -> Pulse:
        """How a queue stands now, in one pass over its narrow rows."""
        query = (
            sa.select(
                queue.group(day).label("of_group"),
                sa.func.count().label("leads"),
                sa.func.sum(_S.c.score),
                sa.func.count(_S.c.raised),
                *(
                    of(column)
                    for column in (_S.c.clock_due, _S.c.active_at, _S.c.since, _S.c.lead)
                    for of in (sa.func.min, sa.func.max)
                ),
            )
            .where(queue.where)
            .group_by(sa.literal_column("of_group"))
            .order_by(sa.literal_column("of_group"))
        )
        with self._database.read() as connection:
            found = connection.execute(query).all()
        leads = {row.of_group: row.leads for row in found}
        stamp = hashlib.sha256(repr([tuple(row) for row in found]).encode()).hexdigest()[:16]
        return Pulse(new=leads.get("new", 0), overdue=leads.get("overdue", 0), stamp=stamp)

    def programs(self, queue: Queue) -> list[str]:
        """The programs of a queue's leads, by name."""
        query = sa.select(_S.c.program).where(queue.where).distinct().order_by(_S.c.program)
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def tags(self, queue: Queue) -> list[str]:
        """The tags of a queue's leads, by name; the first hundred."""
        query = (
            sa.select(_T.c.tag)
            .join(_S, _S.c.lead == _T.c.lead)
            .where(queue.where)
            .distinct()
            .order_by(_T.c.tag)
            .limit(_MOST_TAGS)
        )
        with self._database.read() as connection:
            return list(connection.scalars(query))


_MOST_TAGS = 100
_COLUMNS = (_S.c.team, _S.c.owner, _S.c.raised, _S.c.to_accept, _S.c.active_at)


def _worked() -> Element:
    return _S.c.stage.in_(sorted(WORKED))


def _order(group: Element, sort: Sort) -> list[Element]:
    """Within a group who asked for sales comes first, then what is due first, then the score."""
    if sort == "score":
        return [_S.c.score.desc(), _S.c.lead]
    if sort == "activity":
        return [_S.c.active_at.desc().nulls_last(), _S.c.lead]
    rank = sa.case({name: place for place, name in enumerate(GROUPS)}, value=group)
    due = sa.func.coalesce(_S.c.overdue_since, _S.c.clock_due)
    return [rank, _S.c.raised.is_(None), due.asc().nulls_last(), _S.c.score.desc(), _S.c.lead]


def _narrowed(filters: Filters, search: SqlLeadSearch) -> list[Element]:
    found: list[Element] = [
        _S.c[name] == value
        for name in ("stage", "owner", "team", "program")
        if (value := str(getattr(filters, name)))
    ]
    if filters.tag:
        found.append(_S.c.lead.in_(tagged(filters.tag)))
    if words := filters.find.strip():
        found.append(_S.c.lead.in_(search.leads(words)))
    return found
