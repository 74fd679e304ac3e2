"""Events for the CRM: the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class WebhookEvent(SQLModel, table=True):
    """An event for the CRM: written with the turn, and sent until the CRM accepts it."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        sa.Index("ix_webhook_events_lead_seq", "lead", "seq"),
        sa.Index(
            "ix_webhook_events_waiting",
            "ready",
            sqlite_where=sa.text("status = 'waiting'"),
            postgresql_where=sa.text("status = 'waiting'"),
        ),
    )

    id: str = Field(primary_key=True)
    """The CloudEvent's id: a hash of the entry, so a turn that runs again makes it again."""
    lead: str
    seq: int
    """Of the timeline entry: a lead's events are sent in this order."""
    type: str
    """Like `lead.accepted`."""
    at: datetime = Field(sa_type=UtcInstant)
    """When it happened, by the program's clock."""
    data: dict[str, Any] = Field(sa_type=sa.JSON)
    status: str = "waiting"
    """`waiting`, `sent` or `dead`."""
    ready: datetime = Field(sa_type=UtcInstant)
    """Not sent before this (wall clock): a lease, or a pause between tries."""
    first_tried: datetime | None = Field(default=None, sa_type=UtcInstant)
    tries: int = 0
    why: str | None = None
    """What went wrong at the last try."""
    done: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When the CRM accepted it, or when it was given up (wall clock)."""
    trace: str | None = None
    """The trace context of the turn (W3C `traceparent`), if it was traced."""
