"""Keys, sign-ins and sessions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from models.tables.columns import UtcInstant


class ApiKey(SQLModel, table=True):
    """A key of the HTTP interface. Only a hash of its secret is kept."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    """Public: lists and logs show it."""
    name: str
    scopes: list[str] = Field(sa_type=sa.JSON)
    hashed: str
    """The SHA-256 of the secret, in hex: the secret has 256 random bits, so no salt is needed."""
    role: str | None = None
    """`marketing`, `sales`, `manager` or `admin`; None: only what the scopes allow."""
    person: str | None = None
    """As whom a `sales` or `manager` key acts: an address of the directory."""
    made: datetime = Field(sa_type=UtcInstant)
    revoked: datetime | None = Field(default=None, sa_type=UtcInstant)


class SignIn(SQLModel, table=True):
    """A magic link that signs a salesperson in, once. Only a hash of it is kept."""

    __tablename__ = "sign_ins"

    hashed: str = Field(primary_key=True)
    """The SHA-256 of the link's secret, in hex."""
    person: str
    made: datetime = Field(sa_type=UtcInstant)
    expires: datetime = Field(sa_type=UtcInstant)
    used: datetime | None = Field(default=None, sa_type=UtcInstant)


class DeskSession(SQLModel, table=True):
    """A salesperson who is signed in. Only a hash of the cookie's secret is kept."""

    __tablename__ = "desk_sessions"

    hashed: str = Field(primary_key=True)
    person: str
    made: datetime = Field(sa_type=UtcInstant)
    expires: datetime = Field(sa_type=UtcInstant)
