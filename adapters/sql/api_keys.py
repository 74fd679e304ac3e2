"""API keys: each is made and shown once, stored as a hash, and revoked for ever."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from adapters.sql.database import Database
from models.tables.access import ApiKey
from models.tables.columns import table_of

_K = table_of(ApiKey)

Role = Literal["marketing", "sales", "manager", "admin"]

SCOPES = (
    "leads:write",
    "events:write",
    "profiles:write",
    "consents:write",
    "mail:write",
    "programs:write",
    "reports:read",
)
"""The scopes of a key without a role. Reading leads and acting on them needs a role, because the
role says which leads."""

GRANTS: dict[str, tuple[str, ...]] = {
    "marketing": (*SCOPES, "leads:read"),
    "sales": ("leads:read", "acts:write"),
    "manager": ("leads:read", "acts:write"),
    "admin": (*SCOPES, "leads:read", "acts:write"),
}
"""The scopes of each role."""

PERSONAL = ("sales", "manager")
"""Roles for which a key belongs to one person: whoever has the key acts as that person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A key as it may be shown."""

    id: str
    name: str
    scopes: tuple[str, ...]
    """Its scopes; with a role, those of the role."""
    role: Role | None
    person: str | None
    """Whose it is, where the role is a person's."""
    made: datetime
    revoked: datetime | None


class SqlApiKeys:
    """The keys in the database. A key is `lf_ID_SECRET`, its secret of 256 random bits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self,
        name: str,
        scopes: Sequence[str] = (),
        *,
        role: str | None = None,
        person: str | None = None,
    ) -> str:
        """A new key, for some scopes or with a role; it can't be shown again.

        Raises ValueError for an unknown scope or role, and for a combination that is not allowed.
        Whether the directory knows the person is checked at each request, not here.
        """
        _refuse_unusable(scopes, role, person)
        identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with self._database.write() as connection:
            connection.execute(
                sa.insert(_K).values(
                    id=identity,
                    name=name,
                    scopes=sorted(set(scopes)),
                    hashed=_hashed(secret),
                    role=role,
                    person=person.strip().lower() if person is not None else None,
                    made=datetime.now(UTC),
                    revoked=None,
                )
            )
        return f"lf_{identity}_{secret}"

    def revoke(self, identity: str) -> bool:
        """Revoke a key; False if no valid key has this id."""
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(_K)
                .where(_K.c.id == identity, _K.c.revoked.is_(None))
                .values(revoked=datetime.now(UTC))
            )
        return changed.rowcount > 0

    def all(self) -> list[KnownKey]:
        """Every key that was made, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(_K).order_by(_K.c.made, _K.c.id)).all()
        return [_known(row) for row in rows]

    def check(self, key: str) -> KnownKey | None:
        """The key with this text; None if there is none, or if it is revoked."""
        kind, _, rest = key.partition("_")
        identity, _, secret = rest.partition("_")
        if kind != "lf" or not secret or not identity.isascii() or not secret.isascii():
            return None
        with self._database.read() as connection:
            row = connection.execute(sa.select(_K).where(_K.c.id == identity)).first()
        if row is None or not hmac.compare_digest(row.hashed, _hashed(secret)):
            return None
        return None if row.revoked is not None else _known(row)


def _refuse_unusable(scopes: Sequence[str], role: str | None, person: str | None) -> None:
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise ValueError(f"there is no scope {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    if role is not None and role not in GRANTS:
        raise ValueError(f"there is no role {role}; there are {', '.join(GRANTS)}")
    if (role is None) == (not scopes):
        raise ValueError(
            f"a key has either a role ({', '.join(GRANTS)}) or scopes ({', '.join(SCOPES)})"
        )
    if role in PERSONAL and not (person or "").strip():
        raise ValueError(f"a key of the role {role} is a person's; say whose")
    if role not in PERSONAL and person is not None:
        raise ValueError(f"only a key of the role {' or '.join(PERSONAL)} is a person's")


def _known(row: sa.Row[tuple[object, ...]]) -> KnownKey:
    return KnownKey(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes) if row.role is None else GRANTS.get(row.role, ()),
        role=row.role,
        person=row.person,
        made=row.made,
        revoked=row.revoked,
    )


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
