"""Mails, suppressions, rates of sending, and circuit breakers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class MessageRow(SQLModel, table=True):
    """A mail by its key, and its result: the mail ledger."""

    __tablename__ = "messages"
    __table_args__ = (
        sa.Index(
            "ix_messages_claimed",
            "updated",
            sqlite_where=sa.text("status = 'claimed'"),
            postgresql_where=sa.text("status = 'claimed'"),
        ),
        sa.Index(
            "ix_messages_bundle",
            "bundle",
            sqlite_where=sa.text("bundle IS NOT NULL"),
            postgresql_where=sa.text("bundle IS NOT NULL"),
        ),
    )

    key: str = Field(primary_key=True)
    lead: str = Field(index=True)
    message: str
    """The Message-ID without its angle brackets."""
    mail: str | None = Field(default=None, index=True)
    """Its local part, by which tokens name a mail; None for an alert."""
    email: str | None = None
    """The e-mail's name in the program; None for an alert."""
    address: str | None = None
    """To whom it was sent, lower case."""
    handoff: int | None = None
    """Of an alert: the handoff that it is about, for which its buttons act."""
    bundle: str | None = None
    """Of an alert that went with others: the local part of that mail's Message-ID."""
    links: list[str] = Field(
        default_factory=list, sa_type=sa.JSON, sa_column_kwargs={"server_default": "[]"}
    )
    """Where its tracked links lead, by their numbers."""
    status: str
    """`claimed`, `sent`, `skipped` or `failed`."""
    why: str | None
    at: datetime = Field(sa_type=UtcInstant)
    """The command's instant."""
    updated: datetime = Field(sa_type=UtcInstant)
    """By the wall clock."""


class WaitingAlertRow(SQLModel, table=True):
    """An alert that is not sent yet. Its row goes when the mail ledger has its outcome."""

    __tablename__ = "waiting_alerts"
    __table_args__ = (sa.Index("ix_waiting_alerts_person", "person", "mail"),)

    key: str = Field(primary_key=True)
    person: str
    """Who gets it: the key of their address."""
    lead: str
    command: dict[str, Any] = Field(sa_type=sa.JSON)
    """The alert, as `activities.envelopes` writes it."""
    rank: int
    """How urgent it is; 0 is the most urgent."""
    since: datetime = Field(sa_type=UtcInstant)
    mail: str | None = Field(default=None, index=True)
    """The key of the mail that was begun and holds it; None: it waits."""
    leader: str | None = None
    """The key of the alert whose activity sends that mail."""
    begun: datetime | None = Field(default=None, sa_type=UtcInstant)


class AlertPaceRow(SQLModel, table=True):
    """When a person got mail with alerts (activities/alert_pace.py), by the database's clock."""

    __tablename__ = "alert_paces"

    person: str = Field(primary_key=True)
    mailed: datetime | None = Field(default=None, sa_type=UtcInstant)
    urgent: datetime | None = Field(default=None, sa_type=UtcInstant)
    failures: int
    not_before: datetime | None = Field(default=None, sa_type=UtcInstant)


class Suppression(SQLModel, table=True):
    """An address that gets no marketing mail, and why."""

    __tablename__ = "suppressions"

    address: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    lead: str
    at: datetime = Field(sa_type=UtcInstant)


class RateSlot(SQLModel, table=True):
    """When the next mail under a rate may go: one row a rate, for all workers together."""

    __tablename__ = "rates"

    name: str = Field(primary_key=True)
    """`program/NAME` or `domain/NAME`."""
    next_at: datetime = Field(sa_type=UtcInstant)
    """The theoretical arrival time of the generic cell rate algorithm (ITU-T I.371)."""


class BreakerRow(SQLModel, table=True):
    """The circuit breaker of a route of mail (activities/circuit_breaker.py)."""

    __tablename__ = "breakers"

    route: str = Field(primary_key=True)
    """`program/NAME` or `domain/NAME`."""
    series: list[dict[str, str]] = Field(sa_type=sa.JSON)
    """Addresses, as hashes, that were refused since the last mail that was accepted."""
    refusals: int
    """How many these are."""
    accepted_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    opened_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    """Since when its mail waits; None: it goes."""
    probe_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    probes: int
    why: str
