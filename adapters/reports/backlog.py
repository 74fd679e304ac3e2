"""How much waits in the database, and since when: for `/metrics`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.crm import WebhookEvent
from models.tables.intake import IntakeItem
from models.tables.leads import LeadRow
from models.tables.mail import BreakerRow, MessageRow

_B = table_of(BreakerRow)
_I = table_of(IntakeItem)
_L = table_of(LeadRow)
_M = table_of(MessageRow)
_W = table_of(WebhookEvent)

# Literals, not bound values: otherwise the database does not use the partial indexes.
_INTAKE = sa.select(sa.func.count(), sa.func.min(_I.c.arrived)).where(_I.c.done.is_(None))
_OUTBOX = sa.select(sa.func.count(), sa.func.min(_W.c.first_tried), sa.func.min(_W.c.ready)).where(
    _W.c.status == sa.literal_column("'waiting'")
)
_DEAD = sa.select(sa.func.count()).where(_W.c.status == sa.literal_column("'dead'"))
_CLAIMED = sa.select(sa.func.min(_M.c.updated)).where(_M.c.status == sa.literal_column("'claimed'"))
_STOPPED = sa.select(sa.func.count()).where(_B.c.opened_at.is_not(None))
_OVERDUE = sa.select(sa.func.count(), sa.func.min(_L.c.due_at)).where(
    _L.c.closed.is_(False), _L.c.due_at < sa.bindparam("now", type_=_L.c.due_at.type)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits; None where nothing does."""

    intake: int
    intake_since: datetime | None
    """When the oldest waiting intake item arrived."""
    outbox: int
    outbox_since: datetime | None
    """When the first event that the CRM has not accepted was first sent."""
    outbox_ready_since: datetime | None
    """When the first event could be sent that no dispatcher has taken since: it was written, or its
    lease or its pause ended. In the future if all are leased or paused."""
    outbox_dead: int
    claimed_since: datetime | None
    """When the oldest mail was claimed that is not settled."""
    routes_stopped: int
    """Routes of mail whose circuit breaker is open."""
    overdue: int
    overdue_since: datetime | None
    """The earliest due instant that has passed."""


def backlog(database: Database, now: datetime) -> Backlog:
    """What waits now; `now` is the program's clock. Raises SQLAlchemyError."""
    with database.read() as connection:
        intake, intake_since = connection.execute(_INTAKE).one()
        outbox, outbox_since, outbox_ready_since = connection.execute(_OUTBOX).one()
        overdue, overdue_since = connection.execute(_OVERDUE, {"now": now}).one()
        return Backlog(
            intake=intake,
            intake_since=intake_since,
            outbox=outbox,
            outbox_since=outbox_since,
            outbox_ready_since=outbox_ready_since,
            outbox_dead=connection.execute(_DEAD).scalar_one(),
            claimed_since=connection.execute(_CLAIMED).scalar_one(),
            routes_stopped=connection.execute(_STOPPED).scalar_one(),
            overdue=overdue,
            overdue_since=overdue_since,
        )
