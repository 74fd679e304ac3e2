"""Versions of programs, and their publications."""

from __future__ import annotations

from datetime import datetime

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


class PausedProgram(SQLModel, table=True):
    """A program whose nurture is paused; a program that runs has no row."""

    __tablename__ = "paused_programs"

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcInstant)
    """Since when."""
    by: str
    """Who paused it; empty where nobody said."""
