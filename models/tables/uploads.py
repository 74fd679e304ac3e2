"""Lists that were uploaded at the board and are not launched yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class UploadRecord(SQLModel, table=True):
    """An uploaded list: whose it is, what was said about it, and what is being done with it."""

    __tablename__ = "uploads"

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcInstant, index=True)
    by: str
    file: str
    file_digest: str
    size: int
    program: str
    on_conflict: str
    encoding: str | None
    mapping: dict[str, Any] = Field(sa_type=sa.JSON)
    job: str | None
    """`read`, `plan` or `store`; None: nothing is under way."""
    job_id: str | None
    job_pulse: datetime | None = Field(sa_type=UtcInstant)
    job_done: int
    job_of: int
    job_what: str
    found: Any = Field(sa_type=sa.JSON, nullable=True)
    plan: Any = Field(sa_type=sa.JSON, nullable=True)
    launch: int | None
    """The number of its launch. The bytes and samples are removed then."""


class UploadBody(SQLModel, table=True):
    """The bytes of an uploaded list, and of what its dry run found."""

    __tablename__ = "upload_bodies"

    upload: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    """`list`, or of its dry run `rejected` or `tried`."""
    body: bytes
