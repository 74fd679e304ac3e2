"""The outbox of CRM events: written with a turn, leased, and kept until the CRM accepts them.

A lead's events are sent in the order of its timeline. The first one that waits delays the later
ones of this lead, and of no other lead, until it is sent or dead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from activities.tracing import trace_context
from adapters.crm.events import event_rows
from adapters.sql.database import Database
from models.decision import Decision
from models.tables.columns import table_of
from models.tables.crm import WebhookEvent

_W = table_of(WebhookEvent)
_EARLIER = _W.alias("earlier")

# Literals, not bound values: otherwise the database does not use the partial index.
_WAITING = _W.c.status == sa.literal_column("'waiting'")
_FIRST_OF_ITS_LEAD = ~sa.exists().where(
    _EARLIER.c.lead == _W.c.lead,
    _EARLIER.c.status == sa.literal_column("'waiting'"),
    sa.tuple_(_EARLIER.c.seq, _EARLIER.c.id) < sa.tuple_(_W.c.seq, _W.c.id),
)
_IN_ORDER = (_W.c.at, _W.c.lead, _W.c.seq, _W.c.id)

EventStatus = Literal["waiting", "sent", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmEvent:
    """An event in the outbox. All instants except `at` are by the wall clock."""

    id: str
    lead: str
    seq: int
    type: str
    at: datetime
    """When it happened, by the program's clock."""
    data: dict[str, Any]
    status: EventStatus
    ready: datetime
    """Not sent before this."""
    first_tried: datetime | None
    tries: int
    why: str | None
    """What went wrong at the last try."""
    done: datetime | None
    """When the CRM accepted it, or when it was given up."""
    trace: str | None
    """The trace context of the turn that wrote it."""


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class TurnEvents:
    """Writes the events of a turn within the turn's transaction."""

    def __init__(self, database: Database) -> None:
        self._insert = database.upsert(_W).on_conflict_do_nothing(index_elements=[_W.c.id])

    def record(self, connection: Connection, decision: Decision) -> None:
        """Add the turn's events. A turn is stored once, so each event is added once."""
        rows = event_rows(decision.state, decision.entries)
        if rows:
            now = _wall_clock()
            new = {"status": "waiting", "ready": now, "tries": 0, "trace": trace_context()}
            whole = [{**row, **new} for row in rows]
            connection.execute(self._insert, whole)


class SqlCrmOutbox:
    """The events that wait, were sent or are dead. `now` is the wall clock."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = _wall_clock) -> None:
        self._database = database
        self._now = now

    def take(self, limit: int, lease: timedelta) -> list[CrmEvent]:
        """Lease events that can be sent now: at most `limit`, and of each lead its first.

        If an event is neither sent nor put off within the lease, its process died. Then it is
        leased again.
        """
        now = self._now()
        ready = (
            sa.select(_W)
            .where(_WAITING, _W.c.ready <= now, _FIRST_OF_ITS_LEAD)
            .order_by(_W.c.ready, _W.c.seq)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as connection:
            rows = connection.execute(ready).all()
            if rows:
                connection.execute(
                    sa.update(_W)
                    .where(_W.c.id.in_([row.id for row in rows]))
                    .values(
                        ready=now + lease,
                        first_tried=sa.func.coalesce(
                            _W.c.first_tried, sa.literal(now, _W.c.ready.type)
                        ),
                        tries=_W.c.tries + 1,
                    )
                )
        return [
            _event(row, first_tried=row.first_tried or now, tries=row.tries + 1) for row in rows
        ]

    def sent(self, event: CrmEvent) -> None:
        """Record that the CRM has it."""
        self._settle(event, "sent", None)

    def dead(self, event: CrmEvent, why: str) -> None:
        """Give it up. The later events of its lead go on."""
        self._settle(event, "dead", why)

    def again(self, event: CrmEvent, why: str, ready: datetime) -> None:
        """Put it off until then, and the lead's later events too, so that `take` reads few rows."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(_W)
                .where(_W.c.lead == event.lead, _WAITING, _W.c.ready < ready)
                .values(ready=ready)
            )
            connection.execute(
                sa.update(_W).where(_W.c.id == event.id, _WAITING).values(ready=ready, why=why)
            )

    def _settle(self, event: CrmEvent, status: EventStatus, why: str | None) -> None:
        with self._database.write() as connection:
            connection.execute(
                sa.update(_W)
                .where(_W.c.id == event.id, _WAITING)
                .values(status=status, why=why, done=self._now())
            )

    def listed(
        self, statuses: Sequence[EventStatus], *, lead: str | None = None, limit: int
    ) -> list[CrmEvent]:
        """The latest events, oldest first: those with these statuses, of one lead or of all."""
        query = sa.select(_W).where(_W.c.status.in_(statuses))
        if lead is not None:
            query = query.where(_W.c.lead == lead)
        newest_first = [column.desc() for column in _IN_ORDER]
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(*newest_first).limit(limit)).all()
        return [_event(row) for row in reversed(rows)]

    def retry(self, ids: Sequence[str]) -> list[str]:
        """Send these again, at once and for three days from now. Returns the ids that wait again.

        What was sent, and what is unknown, does not wait again.
        """
        return self._retry(_W.c.id.in_(ids), _W.c.status != "sent")

    def retry_dead(self) -> list[str]:
        """Send all dead events again. Returns their ids."""
        return self._retry(_W.c.status == "dead")

    def _retry(self, *which: sa.ColumnElement[bool]) -> list[str]:
        fresh = {"status": "waiting", "tries": 0, "first_tried": None, "done": None}
        with self._database.write() as connection:
            return list(
                connection.scalars(
                    sa.update(_W)
                    .where(*which)
                    .values(**fresh, ready=self._now())
                    .returning(_W.c.id)
                )
            )

    def purge(self, before: datetime) -> int:
        """Delete what was sent before this instant. Returns how many events."""
        with self._database.write() as connection:
            return connection.execute(
                sa.delete(_W).where(_W.c.status == "sent", _W.c.done < before)
            ).rowcount


def _event(row: sa.Row[Any], **changes: Any) -> CrmEvent:
    return CrmEvent(**{**row._mapping, **changes})  # noqa: SLF001 - SQLAlchemy's public name
