"""Versions of programs, and their publications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class PublishedProgram(SQLModel, table=True):
    """A version of a program. Its text never changes: leads are pinned to it."""

    __tablename__ = "programs"

    digest: str = Field(primary_key=True)
    name: str = Field(index=True)
    text: str
    """The canonical JSON, whose SHA-256 is the digest."""
    published: datetime = Field(sa_type=UtcInstant)
    """When it was last published."""


class PublicationRow(SQLModel, table=True):
    """A publication: the act that makes a version the newest of its name.

    Publishing an older version again is a publication like any other: so one rolls back.
    """

    __tablename__ = "publications"

    number: int | None = Field(default=None, primary_key=True)
    """Counts up over all programs; the highest of a name is the newest version's."""
    name: str = Field(index=True)
    digest: str = Field(foreign_key="programs.digest")
    at: datetime = Field(sa_type=UtcInstant)
    by: str
    """Who published it; empty where nobody said."""
    note: str
    in_flight: str
    """What becomes of leads in flight: `pin`, `finish`, `migrate` or `restart`."""
    recheck: bool
    """Whether the rules are asked at the change of version."""


class PushedProgram(SQLModel, table=True):
    """A version that was uploaded or pushed. Publishing it stores it in `programs`, too."""

    __tablename__ = "pushed_programs"

    digest: str = Field(primary_key=True)
    name: str = Field(index=True)
    text: str
    """The canonical JSON, whose SHA-256 is the digest."""
    by: str
    """Who uploaded it: a person's address, or `api` and the name of a key."""
    note: str
    at: datetime = Field(sa_type=UtcInstant)
    """When it was first pushed (wall clock)."""


class ChangePlanRow(SQLModel, table=True):
    """A change that is looked at before it is published (`models.change_plan`)."""

    __tablename__ = "change_plans"

    number: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    digest: str
    in_flight: str
    recheck: bool
    note: str
    by: str
    at: datetime = Field(sa_type=UtcInstant)
    standing: str = Field(index=True)
    progress: str
    beat: datetime | None = Field(sa_type=UtcInstant)
    newest: str
    leads: dict[str, Any] = Field(sa_type=sa.JSON)
    impact: Any = Field(sa_type=sa.JSON, nullable=True)
    """How many leads have what otherwise, mails a day, and leads a person works."""
    why: str
    asked_by: str
    ended_by: str
    ended: datetime | None = Field(sa_type=UtcInstant)


class PausedProgram(SQLModel, table=True):
    """A program whose nurture is paused; a program that runs has no row."""

    __tablename__ = "paused_programs"

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcInstant)
    """Since when."""
    by: str
    """Who paused it; empty where nobody said."""


class RolloutRow(SQLModel, table=True):
    """A rollout: what is sent to the leads in flight of a program, and how far it is."""

    __tablename__ = "rollouts"

    number: int | None = Field(default=None, primary_key=True)
    """Counts up over all programs; those of one program are carried out in this order."""
    name: str = Field(index=True)
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    """What each lead is sent."""
    workflow: str
    rate: float
    """Leads a second."""
    at: datetime = Field(sa_type=UtcInstant)
    by: str
    sweep: int
    cursor: str
    found: int
    sent: int
    failed: dict[str, Any] = Field(sa_type=sa.JSON)
    """The leads that could not be reached in the last try, and why."""
    ended: datetime | None = Field(sa_type=UtcInstant)
    """None while it is under way."""


class ReengagementRow(SQLModel, table=True):
    """A run of a re-engagement schedule, and how far it is."""

    __tablename__ = "reengagements"

    run: str = Field(primary_key=True)
    """`reengage/PROGRAM/INSTANT`: the same run has the same row."""
    name: str = Field(index=True)
    version: str
    """The digest of the newest version when it began."""
    at: datetime = Field(sa_type=UtcInstant)
    """When it began (wall clock)."""
    phase: str
    """`selecting`, `sending`, `checking` or `ended`."""
    stage: str
    cursor: str
    found: int
    taken: int
    left_over: int
    why_not: dict[str, Any] = Field(sa_type=sa.JSON)
    """How many leads were not taken for each reason."""
    failed: dict[str, Any] = Field(sa_type=sa.JSON)
    """The chosen leads that could not be reached, and why."""
    sweep: int
    ended: datetime | None = Field(sa_type=UtcInstant)
    """None while it is under way."""


class ReengagementLead(SQLModel, table=True):
    """A lead that a run under way may take. A row goes when it is known what became of it."""

    __tablename__ = "reengagement_leads"
    __table_args__ = (sa.Index("ix_reengagement_leads_order", "run", "idle_since", "lead"),)

    run: str = Field(primary_key=True)
    lead: str = Field(primary_key=True)
    idle_since: datetime = Field(sa_type=UtcInstant)
    sent: bool
    """Whether the lead was sent the run."""
