"""Launches, and the rows of their lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class LaunchRecord(SQLModel, table=True):
    """A launch: who launched which list on which program, and how far it is."""

    __tablename__ = "launches"

    number: int | None = Field(default=None, primary_key=True)
    program: str
    digest: str
    """The version of the program by which the rows were read."""
    file: str
    file_digest: str = Field(index=True)
    """The SHA-256 of the file, by which an interrupted launch is found again."""
    on_conflict: str
    options: dict[str, Any] = Field(sa_type=sa.JSON)
    read_as: dict[str, Any] = Field(sa_type=sa.JSON)
    form: dict[str, Any] = Field(sa_type=sa.JSON)
    """How its rejected rows are written."""
    rate: float
    """Rows a second."""
    at: datetime = Field(sa_type=UtcInstant)
    by: str
    standing: str
    size: int
    handled: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    closed: int
    kept: int
    sweep: int
    ended: datetime | None = Field(sa_type=UtcInstant)
    """None while it is under way."""


class LaunchRowRecord(SQLModel, table=True):
    """A row of a list. The person's data are removed when the launch is over."""

    __tablename__ = "launch_rows"
    __table_args__ = (sa.Index("ix_launch_rows_lead", "lead"),)

    launch: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    """Its place in the list, from 1."""
    line: int
    checked: Any = Field(sa_type=sa.JSON, nullable=True)
    """Its checked values, until the row has had its effect."""
    written: Any = Field(sa_type=sa.JSON, nullable=True)
    """As it was written, until the launch is over; kept of rejected rows."""
    outcome: str | None
    """`create`, `update`, `unchanged` or `rejected`; None before."""
    lead: str | None
    why: str | None
    """Why it was rejected."""
    undone: str | None
    """Of a created lead, after an undo: `closed`, or why it was left."""
