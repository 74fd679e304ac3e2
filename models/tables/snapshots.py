"""Snapshots of lives, from which reports begin (`reports.snapshot`)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class LifeSnapshotRow(SQLModel, table=True):
    """What the first entries of a lead's timeline told. Removing it only makes reports slower."""

    __tablename__ = "life_snapshots"

    lead: str = Field(
        sa_column=sa.Column(
            sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        )
    )
    seq: int = Field(primary_key=True)
    """The number of the last entry that was read."""
    until: datetime = Field(sa_type=UtcInstant)
    """The latest instant of these entries."""
    form: str
    """By which reading of timelines it was made."""
    stage: str
    track: str | None
    digest: str | None
    moves: str
    """A list in JSON, like the next four."""
    handoffs: str
    mailings: str
    happenings: str
    deals: str
