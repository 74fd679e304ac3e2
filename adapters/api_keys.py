"""API keys: made once, shown once, kept as a hash, revoked for good."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from adapters.database import Database
from models.tables import ApiKey, table_of

_K = table_of(ApiKey)

SCOPES = ("leads:write", "events:write")
"""What a key may be for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A key as it may be shown."""

    id: str
    name: str
    scopes: tuple[str, ...]
    made: datetime
    revoked: datetime | None


class SqlApiKeys:
    """The keys in the database. A key is `lf_ID_SECRET`, its secret of 256 random bits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, name: str, scopes: Sequence[str]) -> str:
        """A new key; it can't be shown again. Raises ValueError for a scope there is not."""
        if unknown := sorted(set(scopes) - set(SCOPES)):
            raise ValueError(f"there is no scope {', '.join(unknown)}; there are {_listed()}")
        if not scopes:
            raise ValueError(f"a key needs a scope; there are {_listed()}")
        identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with self._database.write() as connection:
            connection.execute(
                sa.insert(_K).values(
                    id=identity,
                    name=name,
                    scopes=sorted(set(scopes)),
                    hashed=_hashed(secret),
                    made=datetime.now(UTC),
                    revoked=None,
                )
            )
        return f"lf_{identity}_{secret}"

    def revoke(self, identity: str) -> bool:
        """Revoke a key; False if there is none with this id that is good."""
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
        """The key behind this text; None if it is none, or revoked."""
        kind, _, rest = key.partition("_")
        identity, _, secret = rest.partition("_")
        if kind != "lf" or not secret or not identity.isascii() or not secret.isascii():
            return None
        with self._database.read() as connection:
            row = connection.execute(sa.select(_K).where(_K.c.id == identity)).first()
        if row is None or not hmac.compare_digest(row.hashed, _hashed(secret)):
            return None
        return None if row.revoked is not None else _known(row)


def _known(row: sa.Row[tuple[object, ...]]) -> KnownKey:
    return KnownKey(
        id=row.id, name=row.name, scopes=tuple(row.scopes), made=row.made, revoked=row.revoked
    )


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _listed() -> str:
    return " and ".join(SCOPES)
