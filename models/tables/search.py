"""What the search over all leads reads."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

INDEX: str = "lead_search_index"
"""The full-text index over these rows, of SQLite or of PostgreSQL. Only the migration knows it:
the database itself keeps it up to date, in the transaction that changes a row."""


class SearchedLead(SQLModel, table=True):
    """One narrow row for each lead that was not merged, written with the turn when it changes."""

    __tablename__ = "lead_search"

    number: int | None = Field(default=None, primary_key=True)
    """SQLite's index knows a row by its number only, and keeps it when the file is compacted."""
    lead: str = Field(
        sa_column=sa.Column(
            sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), nullable=False, unique=True
        )
    )
    words: str
    """Name, company and address, in the form in which the search compares them."""
