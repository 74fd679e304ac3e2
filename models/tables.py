"""What the database keeps: one class a table (SQLModel), for SQLite and PostgreSQL.

Rows of a lead (`leads`, `entries`, `handoffs`, `tasks`) repeat what Temporal knows, for
lists and reports. All other tables are the truth about what they hold.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcInstant(TypeDecorator[datetime]):
    """An aware instant. SQLite keeps it as naive UTC text, PostgreSQL with its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC. Raises ValueError for a naive instant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(
                f"'{value.isoformat()}' has no time zone; only aware instants are kept"
            )
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Back to an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table of a model, for statements without objects."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


class PublishedProgram(SQLModel, table=True):
    """A published program. Its text never changes: leads are pinned to it."""

    __tablename__ = "programs"

    digest: str = Field(primary_key=True)
    name: str = Field(index=True)
    text: str
    """The canonical JSON, whose SHA-256 is the digest."""
    published: datetime = Field(sa_type=UtcInstant)
    """When it was last published; the name alone means the latest."""


class AppliedDirectory(SQLModel, table=True):
    """The people of sales as applied; the highest version holds."""

    __tablename__ = "directories"

    version: int | None = Field(default=None, primary_key=True)
    document: dict[str, Any] = Field(sa_type=sa.JSON)
    applied_at: datetime = Field(sa_type=UtcInstant)


class Lead(SQLModel, table=True):
    """One row a lead, as its last turn left it."""

    __tablename__ = "leads"
    __table_args__ = (
        sa.Index("ix_leads_owner_stage", "owner", "stage"),
        sa.Index("ix_leads_team_stage", "team", "stage"),
    )

    id: str = Field(primary_key=True)
    email: str | None = Field(default=None, index=True)
    profile: dict[str, Any] = Field(sa_type=sa.JSON)
    program: str
    digest: str
    stage: str = Field(index=True)
    since: datetime | None = Field(sa_type=UtcInstant)
    """When the stage was entered."""
    created: datetime | None = Field(sa_type=UtcInstant)
    motion: str
    owner: str | None
    track: str | None
    cycle: int
    fit: float
    engagement: float
    """As of the last event; it decays from there."""
    due_at: datetime | None = Field(sa_type=UtcInstant, index=True)
    """When the rules want to run next; None if nothing is due."""
    due_what: str | None
    handoff: int | None
    team: str | None = None
    """The team that has the handoff of this cycle."""
    clock: str | None = None
    """The running clock that is due first: `accept`, `first_touch` or `qualify`."""
    clock_due: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When it is due; during a hold, counted on from its end."""
    breached: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Whether a clock of the open handoff has been breached and not been answered since."""
    asking: str | None
    """The key of the assignment command whose answer the lead awaits."""
    closed: bool
    state: dict[str, Any] = Field(sa_type=sa.JSON)
    turn: int
    fence_run: int = Field(sa_type=sa.BigInteger)
    """The writer's run: its start in microseconds since 1970."""
    fence_length: int = Field(sa_type=sa.BigInteger)
    """How long the writer's history was."""
    updated: datetime = Field(sa_type=UtcInstant)


class TimelineEntry(SQLModel, table=True):
    """One line of a lead's timeline (PROGRAM.md section 9)."""

    __tablename__ = "entries"
    __table_args__ = (sa.Index("ix_entries_kind_at", "kind", "at"),)

    lead: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    turn: int
    at: datetime = Field(sa_type=UtcInstant)
    kind: str
    event: str | None
    """The event's id, of `event` and `ignored`."""
    fields: dict[str, Any] = Field(sa_type=sa.JSON)


class HandoffRow(SQLModel, table=True):
    """One handoff of a lead to sales, with what became of it."""

    __tablename__ = "handoffs"

    lead: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    team: str | None
    owner: str | None
    """The last owner."""
    opened: datetime = Field(sa_type=UtcInstant)
    first_assigned: datetime | None = Field(sa_type=UtcInstant)
    assigned: datetime | None = Field(sa_type=UtcInstant)
    """The last assignment."""
    due: datetime | None = Field(sa_type=UtcInstant)
    """By when the owner had, or has, to accept."""
    accepted: datetime | None = Field(sa_type=UtcInstant)
    attempt: int
    breaches: int
    """Of all its clocks and owners."""
    accept_breaches: int
    late: bool
    """Whether the acceptance came after the breach."""
    open_seconds: int | None
    """Counted seconds the accepting owner took, without holds."""
    system_seconds: int | None
    """Elapsed seconds from opening to the first assignment: not the owner's delay."""
    over: bool


class TaskRow(SQLModel, table=True):
    """A piece of work for a person."""

    __tablename__ = "tasks"

    lead: str = Field(primary_key=True)
    task: str = Field(primary_key=True)
    task_kind: str
    owner: str | None
    team: str | None
    opened: datetime = Field(sa_type=UtcInstant)
    done: datetime | None = Field(sa_type=UtcInstant)
    """None while it is open."""


class Message(SQLModel, table=True):
    """A mail by its key, and how it ended: the outbox."""

    __tablename__ = "messages"

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


class Suppression(SQLModel, table=True):
    """An address that gets no marketing mail, and why."""

    __tablename__ = "suppressions"

    address: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    lead: str
    at: datetime = Field(sa_type=UtcInstant)


class Counter(SQLModel, table=True):
    """How many leads a member of a team was given, for the fair next choice."""

    __tablename__ = "counters"

    team: str = Field(primary_key=True)
    member: str = Field(primary_key=True)
    total: str
    """An exact fraction like `7/2`: where the member started, plus one an assignment."""


class Assignment(SQLModel, table=True):
    """The answer to an assignment command, by its key: asked again, it is the same."""

    __tablename__ = "assignments"
    __table_args__ = (
        sa.Index(
            "ix_assignments_pending",
            "owner",
            sqlite_where=sa.text("pending"),
            postgresql_where=sa.text("pending"),
        ),
    )

    key: str = Field(primary_key=True)
    lead: str
    handoff: int
    team: str | None
    owner: str | None
    why: str | None
    """Why nobody was chosen; `by_hand` for a manager's choice."""
    at: datetime = Field(sa_type=UtcInstant)
    turn: int
    """The lead's last stored turn when this was answered; 0 if it had no row."""
    pending: bool
    """Whether the lead's row does not tell of it yet, so that it counts as load apart."""


class ApiKey(SQLModel, table=True):
    """A key of the HTTP interface. Only a hash of its secret is kept."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    """Public: it stands in lists and logs."""
    name: str
    scopes: list[str] = Field(sa_type=sa.JSON)
    hashed: str
    """The SHA-256 of the secret, in hex: the secret has 256 random bits, so no salt is needed."""
    role: str | None = None
    """`marketing`, `sales`, `manager` or `admin`; None: only what the scopes allow."""
    person: str | None = None
    """As whom a `sales` or `manager` key acts: an address of the directory."""
    made: datetime = Field(sa_type=UtcInstant)
    revoked: datetime | None = Field(default=None, sa_type=UtcInstant)


class AbsenceRow(SQLModel, table=True):
    """Days on which a member is away, entered by hand: they outlive a new teams file."""

    __tablename__ = "absences"

    member: str = Field(primary_key=True)
    from_day: date = Field(primary_key=True)
    to_day: date = Field(primary_key=True)
    """The last day away; days are the member's own."""
    by: str
    """Who entered it."""
    at: datetime = Field(sa_type=UtcInstant)


class SignIn(SQLModel, table=True):
    """A magic link that signs a person of sales in, once. Only a hash of it is kept."""

    __tablename__ = "sign_ins"

    hashed: str = Field(primary_key=True)
    """The SHA-256 of the link's secret, in hex."""
    person: str
    made: datetime = Field(sa_type=UtcInstant)
    expires: datetime = Field(sa_type=UtcInstant)
    used: datetime | None = Field(default=None, sa_type=UtcInstant)


class DeskSession(SQLModel, table=True):
    """A person of sales who is signed in. Only a hash of the cookie's secret is kept."""

    __tablename__ = "desk_sessions"

    hashed: str = Field(primary_key=True)
    person: str
    made: datetime = Field(sa_type=UtcInstant)
    expires: datetime = Field(sa_type=UtcInstant)


class WebhookEvent(SQLModel, table=True):
    """Something the CRM is to be told: written with the turn, sent until it is taken."""

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
    """The CloudEvent's id: a hash of the entry, so that a turn that runs again tells the same."""
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
    """When it was taken or given up (wall clock)."""


class IntakeItem(SQLModel, table=True):
    """Something for a lead that was accepted from outside: kept until its workflow has it.

    Rows stay for a while after that, so that the same id is known to be the same.
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
    """The event's id; of a lead's data, `lead/` and a hash of it."""
    kind: str
    """`event`, or `lead` (create it or update its profile)."""
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    """The event, or `{program, profile}`."""
    arrived: datetime = Field(sa_type=UtcInstant)
    """By the program's clock."""
    ready: datetime = Field(sa_type=UtcInstant)
    """Not told to the lead before this (wall clock): a lease, or the time a click is judged in."""
    tries: int = 0
    why: str | None = None
    """What went wrong at the last try, or why it was given up."""
    done: datetime | None = Field(default=None, sa_type=UtcInstant)
    """When the lead had it, or it was given up (wall clock)."""


class Consent(SQLModel, table=True):
    """A consent to marketing mail: who gave it where, when, and to which words."""

    __tablename__ = "consents"

    lead: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    """Of the timeline entry that tells of it."""
    address: str = Field(index=True)
    at: datetime = Field(sa_type=UtcInstant)
    source: str
    wording: str
    confirmed: bool
    """Whether it was confirmed by a link in a mail to the address (double opt-in)."""


class RateSlot(SQLModel, table=True):
    """When the next mail under a rate may go: one row a rate, for all workers together."""

    __tablename__ = "rates"

    name: str = Field(primary_key=True)
    """`program/NAME` or `domain/NAME`."""
    next_at: datetime = Field(sa_type=UtcInstant)
    """The theoretical arrival time of the generic cell rate algorithm (ITU-T I.371)."""
