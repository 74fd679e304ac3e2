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


class DeskView(SQLModel, table=True):
    """A list of the desk that a person saved under a name."""

    __tablename__ = "desk_views"

    person: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    path: str
    """The list's path with its filters."""


class KeyedRequest(SQLModel, table=True):
    """A request that came under an idempotency key, and the answer that it got."""

    __tablename__ = "keyed_requests"

    key: str = Field(primary_key=True)
    """The SHA-256 of who sent it and of their key, in hex."""
    said: str
    """A fingerprint of the whole request."""
    what: str
    """What was asked, for people: `POST /v1/leads`."""
    at: datetime = Field(sa_type=UtcInstant)
    """When it first came (this and the others: the database's clock)."""
    busy: datetime = Field(sa_type=UtcInstant)
    """Until then nobody else begins it."""
    expires: datetime = Field(sa_type=UtcInstant, index=True)
    """When the key is forgotten."""
    status: int | None = None
    """The answer's status; None: there is none yet."""
    answer: str | None = None
    """The answer's body."""
