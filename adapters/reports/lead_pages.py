"""Lists of leads page by page, for programs that read many.

A page ends with a cursor, which names the position of its last lead. The next page begins after
it, even if leads were added or removed between the two (keyset paging).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from adapters.reports.leads import LINE_COLUMNS, LeadLine, Sight
from adapters.sql.database import Database
from adapters.sql.lead_names import SqlLeadNames
from adapters.sql.lead_search import SqlLeadSearch
from models.addresses import spellings
from models.instants import parse_instant, write_instant
from models.tables.columns import UtcInstant, table_of
from models.tables.leads import LeadRow

Order = Literal["urgency", "lead"]
"""By urgency: breached leads first, then by when the clock is due. Or by the lead's id, which never
changes, so that each lead comes exactly once."""

_L = table_of(LeadRow)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_DUE: sa.ColumnElement[datetime] = sa.func.coalesce(
    _L.c.clock_due, sa.literal(_NEVER, UtcInstant())
)
_RANK = sa.case((_L.c.breached, 0), else_=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some leads in order, and where the next page begins."""

    leads: tuple[LeadLine, ...]
    next: str | None
    """The cursor of the next page; None if this is the last."""


class SqlLeadPages:
    """Leads from SQL, by pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        *,
        limit: int,
        order: Order = "urgency",
        after: str | None = None,
        stage: str | None = None,
        owner: str | None = None,
        team: str | None = None,
        program: str | None = None,
        email: str | None = None,
        find: str | None = None,
        due_before: datetime | None = None,
        updated_since: datetime | None = None,
        sight: Sight | None = None,
    ) -> Page:
        """The leads to which all that is given applies, from the cursor `after` on.

        `due_before` is about the clock that a salesperson must keep: leads whose clock is due
        before then, and those that missed it. `updated_since` is about the row: leads that had a
        turn at or after that instant (wall clock). `email` may be written in any way. `find` is a
        text that the name, the company or the address contains, or an id.
        Raises ValueError for text that is not a cursor, or for a cursor of the other order.
        """
        keys = _keys(order)
        query = sa.select(*LINE_COLUMNS).where(_L.c.merged_into.is_(None))
        query = query.order_by(*keys).limit(limit + 1)
        equal = {"stage": stage, "team": team, "program": program}
        for column, wanted in equal.items():
            if wanted is not None:
                query = query.where(_L.c[column] == wanted)
        if email is not None:
            query = query.where(self._at(email))
        if find is not None:
            query = query.where(_L.c.id.in_(SqlLeadSearch(self._database).leads(find)))
        if owner is not None:
            query = query.where(_L.c.owner == owner.strip().lower())
        if due_before is not None:
            query = query.where(sa.or_(_L.c.breached, _L.c.clock_due < due_before))
        if updated_since is not None:
            query = query.where(_L.c.updated >= updated_since)
        if sight is not None:
            query = query.where(sight.condition())
        if after is not None:
            query = query.where(sa.tuple_(*keys) > sa.tuple_(*_place(order, after)))
        with self._database.read() as connection:
            found = [LeadLine(**row) for row in connection.execute(query).mappings()]
        more = len(found) > limit
        return Page(
            leads=tuple(found[:limit]), next=_cursor(order, found[limit - 1]) if more else None
        )

    def _at(self, address: str) -> sa.ColumnElement[bool]:
        """The lead with this address, and those that share it from before each had its own."""
        with self._database.read() as connection:
            found = SqlLeadNames(self._database).by_addresses(connection, [address])
        return sa.or_(_L.c.id.in_(found.values()), _L.c.email.in_(spellings(address)))


def _keys(order: Order) -> list[sa.ColumnElement[Any]]:
    return [_L.c.id] if order == "lead" else [_RANK, _DUE, _L.c.id]


def _cursor(order: Order, line: LeadLine) -> str:
    place: list[object] = [line.id]
    if order == "urgency":
        place = [int(not line.breached), write_instant(line.clock_due or _NEVER), line.id]
    return base64.urlsafe_b64encode(json.dumps([order, *place]).encode()).decode().rstrip("=")


def _place(order: Order, cursor: str) -> list[sa.ColumnElement[Any]]:
    """The position in a cursor, as values to compare the keys with."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        read = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        match order, read:
            case "lead", ["lead", str(lead)] if lead.isprintable():
                return [sa.literal(lead)]
            case "urgency", ["urgency", int(rank), str(due), str(lead)] if lead.isprintable():
                at = sa.literal(parse_instant(due), UtcInstant())
                return [sa.literal(int(rank > 0)), at, sa.literal(lead)]
    except (ValueError, RecursionError):
        pass
    raise ValueError(
        "this is not where a page of this list ended; give `next` of the page before, with the"
        " same order"
    )
