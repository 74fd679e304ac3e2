"""Published programs."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class PublishedProgram(SQLModel, table=True):
    """A published program. Its text never changes: leads are pinned to it."""

    __tablename__ = "programs"

    digest: str = Field(primary_key=True)
    name: str = Field(index=True)
    text: str
    """The canonical JSON, whose SHA-256 is the digest."""
    published: datetime = Field(sa_type=UtcInstant)
    """When it was last published; the name alone means the latest."""
