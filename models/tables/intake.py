"""Items that the gateway accepted and that are not yet sent to their leads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class ActArrival(SQLModel, table=True):
    """When an act arrived at the gateway, until its lead has answered it.

    The lead may answer after an outage; the instant at which the person acted counts then.
    """

    __tablename__ = "act_arrivals"

    lead: str = Field(primary_key=True)
    act: str = Field(primary_key=True)
    """The act's id."""
    said: str
    """A fingerprint of the act: another act under the same id gains nothing from its instant."""
    arrived: datetime = Field(sa_type=UtcInstant)
    """By the program's clock."""
    asked: datetime = Field(sa_type=UtcInstant)
    """When its lead was last asked (the database's clock)."""


class IntakeItem(SQLModel, table=True):
    """An item for a lead, accepted from outside and stored until the lead's workflow has it.

    Rows are kept for a while after that, so that an id that comes again is recognised.
    """

    __tablename__ = "intake"
    __table_args__ = (
        sa.UniqueConstraint("lead", "item", name="uq_intake_lead_item"),
        sa.Index(
            "ix_intake_waiting",
            "ready",
            sqlite_where=sa.text("done IS NULL"),
            postgresql_where=sa.text("done IS NULL"),
        ),
    )

    seq: int | None = Field(default=None, primary_key=True)
    lead: str
    item: str
    """The event's id; of a lead's data, `lead/` and a hash of it; of an act, `act/` and its id."""
    kind: str
    """`event`, `lead` (create it or update its profile), or `act`."""
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    """The event, or `{program, profile}`."""
    arrived: datetime = Field(sa_type=UtcInstant)
    """By the program's clock."""
    ready: datetime = Field(sa_type=UtcInstant)
    """Not sent to the lead before this (wall clock): a lease, or a wait for signs of a bot."""
    tries: int = 0
    why: str | None = None
    """What went wrong at the last try, or why it was given up."""
    trace: str | None = None
    """The trace context (W3C `traceparent`) of the request that brought it."""
    done: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When the lead had it, or it was given up (wall clock)."""
