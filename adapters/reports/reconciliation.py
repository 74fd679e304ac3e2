"""What the database knows of work that did not go on: the first half of `leadflow reconcile`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from adapters.reports.queries import rows, text
from adapters.sql.database import Database
from lifecycle.moves.act_ids import MAX_REMEMBERED_ACTS
from lifecycle.stable_hash import short_hash
from models.instants import parse_instant
from models.tables.columns import table_of
from models.tables.crm import WebhookEvent
from models.tables.intake import IntakeItem
from models.tables.leads import LeadRow, TimelineEntry
from models.tables.mail import MessageRow

_E = table_of(TimelineEntry)
_I = table_of(IntakeItem)
_L = table_of(LeadRow)
_M = table_of(MessageRow)
_W = table_of(WebhookEvent)

_PAGE = 500

# A literal, not a bound value: otherwise the database does not use the partial index.
_CLAIMED = _M.c.status == sa.literal_column("'claimed'")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOfLead:
    """What is compared of a lead's row."""

    id: str
    program: str
    turn: int
    closed: bool
    due_at: datetime | None
    due_what: str | None
    awaits_since: datetime | None
    """The instant of the oldest mail whose result it awaits (program clock).

    An alert that was sent needs no turn, so the row may name it for long.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Something that waits for too long, or was given up."""

    lead: str
    what: str
    since: datetime
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldItem:
    """An intake item that its lead was told."""

    seq: int
    lead: str
    item: str
    kind: str
    done: datetime
    """When it was told (wall clock)."""


_ROW = (
    *(_L.c.id, _L.c.program, _L.c.turn, _L.c.closed),
    *(_L.c.due_at, _L.c.due_what, _L.c.writer),
)
_AWAITS = sa.cast(_L.c.writer, sa.String).contains('"send_mail"')
_OPEN = _L.c.closed.is_(False)


class SqlReconciliation:
    """Reads rows of leads, mails, intake items and CRM events. It changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def row(self, lead: str) -> RowOfLead | None:
        """One lead's row, or None."""
        found = rows(self._database, sa.select(*_ROW).where(_L.c.id == lead))
        if not found:
            return None
        return RowOfLead(
            id=found[0]["id"],
            program=found[0]["program"],
            turn=found[0]["turn"],
            closed=found[0]["closed"],
            due_at=found[0]["due_at"],
            due_what=found[0]["due_what"],
            awaits_since=_since(found[0]["writer"]),
        )

    def without_row(self, leads: Sequence[str]) -> list[str]:
        """Which of these leads have no row, in their order."""
        known = {
            row["id"] for row in rows(self._database, sa.select(_L.c.id).where(_L.c.id.in_(leads)))
        }
        return [one for one in leads if one not in known]

    def overdue(self, before: datetime, limit: int) -> list[str]:
        """Open leads whose due instant lies before this instant, the earliest first."""
        query = (
            sa.select(_L.c.id).where(_OPEN, _L.c.due_at < before).order_by(_L.c.due_at).limit(limit)
        )
        return [row["id"] for row in rows(self._database, query)]

    def awaiting(self, before: datetime, limit: int) -> list[str]:
        """Open leads that await the result of a mail of before this instant (program clock)."""
        found = rows(self._database, sa.select(_L.c.id, _L.c.writer).where(_OPEN, _AWAITS))
        waits = (row["id"] for row in found if (_since(row["writer"]) or before) < before)
        return list(islice(waits, limit))

    def open_leads(self, page: int = _PAGE) -> Iterator[list[str]]:
        """All open leads by id, in pages; each page is a read of its own."""
        after = ""
        while True:
            query = sa.select(_L.c.id).where(_OPEN, _L.c.id > after).order_by(_L.c.id).limit(page)
            found = [row["id"] for row in rows(self._database, query)]
            if not found:
                return
            yield found
            after = found[-1]

    def claimed_mails(self, before: datetime, limit: int) -> list[Stuck]:
        """Mails that were claimed before this instant (wall clock) and never settled."""
        query = (
            sa.select(_M.c.lead, _M.c.key.label("what"), _M.c.updated.label("since"))
            .where(_CLAIMED, _M.c.updated < before)
            .order_by(_M.c.updated)
            .limit(limit)
        )
        return [Stuck(**row) for row in rows(self._database, query)]

    def waiting_items(self, before: datetime, limit: int) -> list[Stuck]:
        """Intake items that arrived before this instant (program clock) and were not relayed."""
        return self._items(_I.c.arrived, limit, _I.c.done.is_(None), _I.c.arrived < before)

    def given_up_items(self, since: datetime, limit: int) -> list[Stuck]:
        """Intake items that the relay gave up since this instant (wall clock)."""
        return self._items(_I.c.done, limit, _I.c.done >= since, _I.c.why.is_not(None))

    def unrecorded_items(self, since: datetime, limit: int) -> list[ToldItem]:
        """Items told since this instant (wall clock) that left no trace, each lead's in order.

        That is an event on no timeline, data of a lead that has no row, and an act that its lead
        neither remembers nor refused. What a merged lead got is on the timeline of the lead that it
        was merged into.
        """
        of_lead = sa.select(_L.c.id).where(_L.c.id == _I.c.lead)
        recorded = sa.select(_E.c.seq).where(_E.c.lead == _I.c.lead, _E.c.event == _I.c.item)
        merged = of_lead.where(_L.c.merged_into.is_not(None))
        lost_event = sa.and_(_I.c.kind == "event", ~recorded.exists(), ~merged.exists())
        lost_lead = sa.and_(_I.c.kind == "lead", ~of_lead.exists())
        query = (
            sa.select(_I.c.seq, _I.c.lead, _I.c.item, _I.c.kind, _I.c.done)
            .where(_I.c.done >= since, _I.c.why.is_(None), sa.or_(lost_event, lost_lead))
            .order_by(_I.c.lead, _I.c.seq)
            .limit(limit)
        )
        found = [ToldItem(**row) for row in rows(self._database, query)]
        found += self._unrecorded_acts(since, limit)
        return sorted(found, key=lambda one: (one.lead, one.seq))[:limit]

    def _unrecorded_acts(self, since: datetime, limit: int) -> list[ToldItem]:
        """Acts that were told since then and are neither done nor refused.

        A lead remembers its latest acts. One that remembers as many as it can may have done it.
        """
        refused = sa.select(_E.c.seq).where(
            _E.c.lead == _I.c.lead,
            _E.c.kind == "refused",
            _E.c.at >= _I.c.arrived,
            text(_E.c.fields, "act") == text(_I.c.body, "do"),
            text(_E.c.fields, "by") == text(_I.c.body, "by"),
        )
        query = (
            sa.select(_I.c.seq, _I.c.lead, _I.c.item, _I.c.kind, _I.c.done)
            .add_columns(_I.c.body, _L.c.state)
            .join(_L, _L.c.id == _I.c.lead)
            .where(_I.c.done >= since, _I.c.why.is_(None), _I.c.kind == "act")
            .where(_L.c.merged_into.is_(None), ~refused.exists())
            .order_by(_I.c.lead, _I.c.seq)
            .execution_options(yield_per=_PAGE)
        )
        lost: list[ToldItem] = []
        with self._database.read() as connection, connection.execute(query) as found:
            for row in found.mappings():
                done = row["state"].get("acts", {})
                remembered = short_hash(row["body"].get("id", "")) in done
                if remembered or len(done) >= MAX_REMEMBERED_ACTS:
                    continue
                names = ("seq", "lead", "item", "kind", "done")
                lost.append(ToldItem(**{name: row[name] for name in names}))
                if len(lost) == limit:
                    break
        return lost

    def _items(
        self, since: sa.Column[datetime], limit: int, *which: sa.ColumnElement[bool]
    ) -> list[Stuck]:
        columns = (_I.c.lead, _I.c.item.label("what"), since.label("since"), _I.c.why)
        query = sa.select(*columns).where(*which).order_by(since).limit(limit)
        return [Stuck(**row) for row in rows(self._database, query)]

    def waiting_crm_events(self, before: datetime, limit: int) -> list[Stuck]:
        """Events that the CRM was to get before this instant and has not accepted."""
        waits = _W.c.status == sa.literal_column("'waiting'")
        since = sa.func.coalesce(_W.c.first_tried, _W.c.ready)
        return self._crm(since, limit, waits, since < before)

    def dead_crm_events(self, limit: int) -> list[Stuck]:
        """Events for the CRM that were given up."""
        return self._crm(_W.c.done, limit, _W.c.status == sa.literal_column("'dead'"))

    def _crm(
        self, since: sa.ColumnElement[datetime], limit: int, *which: sa.ColumnElement[bool]
    ) -> list[Stuck]:
        columns = (_W.c.lead, _W.c.type.label("what"), since.label("since"), _W.c.why)
        query = sa.select(*columns).where(*which).order_by(since).limit(limit)
        return [Stuck(**row) for row in rows(self._database, query)]


def _since(writer: Mapping[str, Any] | None) -> datetime | None:
    """The instant of the oldest mail whose result the row awaits."""
    mails = (one for one in (writer or {}).get("asked", ()) if one["do"] == "send_mail")
    return min((parse_instant(one["at"]) for one in mails), default=None)
