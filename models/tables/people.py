"""The directory, absences, shares, and who was assigned which lead."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class AppliedDirectory(SQLModel, table=True):
    """A directory that was applied; the one with the highest version is valid."""

    __tablename__ = "directories"

    version: int | None = Field(default=None, primary_key=True)
    document: dict[str, Any] = Field(sa_type=sa.JSON)
    applied_at: datetime = Field(sa_type=UtcInstant)


class MemberShare(SQLModel, table=True):
    """A member's share of a team's leads; the next lead goes to the lowest."""

    __tablename__ = "shares"

    team: str = Field(primary_key=True)
    member: str = Field(primary_key=True)
    share: str
    """An exact fraction like `7/2`: it grows by 1 ÷ weight with each assignment."""


class Assignment(SQLModel, table=True):
    """The answer to an assignment command, by its key, so that the same command gets it again."""

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
    """The number of the turn before the one that asked."""
    pending: bool
    """True until the lead has stored a later turn: until then it counts as a lead of its member."""


class AbsenceRow(SQLModel, table=True):
    """Days on which a member is away, entered by hand. Applying a new teams file keeps them."""

    __tablename__ = "absences"

    member: str = Field(primary_key=True)
    from_day: date = Field(primary_key=True)
    to_day: date = Field(primary_key=True)
    """The last day away; days are the member's own."""
    by: str
    """Who entered it."""
    at: datetime = Field(sa_type=UtcInstant)
