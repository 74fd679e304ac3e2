"""A lead's rows: they repeat what Temporal knows, for lists and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class LeadRow(SQLModel, table=True):
    """One row for each lead, as its last turn left it."""

    __tablename__ = "leads"
    __table_args__ = (
        sa.Index("ix_leads_owner_stage", "owner", "stage"),
        sa.Index("ix_leads_team_stage", "team", "stage"),
        sa.Index("ix_leads_program_stage", "program", "stage", "id"),
        sa.Index("ix_leads_company_name", "company_name"),
        sa.Index("ix_leads_company_domain", "company_domain"),
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
    """At the last event; it decays from then on."""
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
    """The key of the assignment command whose result the lead waits for."""
    closed: bool
    merged_into: str | None = None
    """The lead that it was merged into; lists leave it out then."""
    state: dict[str, Any] = Field(sa_type=sa.JSON)
    turn: int
    fence_run: int = Field(sa_type=sa.BigInteger)
    """The writer's run: its start in microseconds since 1970."""
    fence_length: int = Field(sa_type=sa.BigInteger)
    """How long the writer's history was."""
    writer: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    """What a run that is behind this row needs to go on from here: the writer's run id (`run`),
    the inputs of its last turn as fingerprints with their refusals (`taken`), the commands whose
    results are awaited (`asked`), and the `clock` of a lead of a demonstration."""
    updated: datetime = Field(sa_type=UtcInstant)
    company_name: str | None = None
    """As `models.company.name_key` writes it."""
    company_domain: str | None = None
    """The domain of its address, unless a free-mail provider has it."""


class LeadIdRow(SQLModel, table=True):
    """An id by which a lead is known: its own, or one that another system gave it."""

    __tablename__ = "lead_ids"

    id: str = Field(primary_key=True)
    lead: str = Field(index=True)
    """The lead's own id, which its workflow has too."""


class LeadAddressRow(SQLModel, table=True):
    """Whose an address is. The key makes sure that no address belongs to two leads."""

    __tablename__ = "lead_addresses"

    address: str = Field(primary_key=True)
    """As `models.addresses.address_key` writes it."""
    lead: str = Field(index=True)
    merged: str | None = None
    """If it came with a lead that was merged into this one: that lead's own id. No mail goes to
    such an address."""


class TimelineEntry(SQLModel, table=True):
    """One entry of a lead's timeline (docs/language.md section 9)."""

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
    __table_args__ = (
        # What the desk lists: open tasks alone, of which there are few.
        sa.Index(
            "ix_tasks_open",
            *("team", "owner"),
            sqlite_where=sa.text("done IS NULL"),
            postgresql_where=sa.text("done IS NULL"),
        ),
    )

    lead: str = Field(primary_key=True)
    task: str = Field(primary_key=True)
    task_kind: str
    owner: str | None
    team: str | None
    note: str | None = None
    """What the program says is to be done."""
    name: str | None = None
    """What it is called; None: by its kind."""
    until: datetime | None = Field(default=None, sa_type=UtcInstant)
    """By when it should be done."""
    opened: datetime = Field(sa_type=UtcInstant)
    done: datetime | None = Field(sa_type=UtcInstant)
    """None while it is open."""


class Consent(SQLModel, table=True):
    """A consent to marketing mail: who gave it where, when, and to which words."""

    __tablename__ = "consents"

    lead: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    """The seq of its timeline entry."""
    address: str = Field(index=True)
    at: datetime = Field(sa_type=UtcInstant)
    source: str
    wording: str
    confirmed: bool
    """Whether it was confirmed by a link in a mail to the address (double opt-in)."""
