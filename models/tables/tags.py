"""Tags: words that people of sales give to leads, to find them again."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class LeadTag(SQLModel, table=True):
    """A tag of a lead. Everybody who sees the lead sees it. The rules do not know it."""

    __tablename__ = "lead_tags"
    __table_args__ = (sa.Index("ix_lead_tags_tag", "tag", "lead"),)

    lead: str = Field(
        sa_column=sa.Column(
            sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        )
    )
    tag: str = Field(primary_key=True)
    """As `adapters.sql.lead_tags.tag_word` writes it."""
