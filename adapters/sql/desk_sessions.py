"""Signing in without a password: a link by mail, then a session for a day.

Secrets have 256 random bits, and only their hashes are kept. A link works once and for 15
minutes. Every sign-in makes a new session, so that nobody can prepare one for another person. All
times are by the wall clock.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from adapters.sql.database import Database
from models.tables.access import DeskSession, SignIn
from models.tables.columns import table_of

_I = table_of(SignIn)
_S = table_of(DeskSession)

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(days=1)


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class SqlDeskSessions:
    """Links that sign in, and who is signed in. `now` is the wall clock."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = _wall_clock) -> None:
        self._database = database
        self._now = now

    def invite(self, person: str) -> str:
        """A link's secret, by which this person may sign in once. Old ones are deleted."""
        secret, now = secrets.token_urlsafe(32), self._now()
        with self._database.write() as connection:
            connection.execute(sa.delete(_I).where(_I.c.expires < now - SESSION_LASTS))
            connection.execute(
                sa.insert(_I).values(
                    hashed=_hashed(secret),
                    person=person,
                    made=now,
                    expires=now + LINK_LASTS,
                    used=None,
                )
            )
        return secret

    def invitations(self, person: str) -> int:
        """How many links this person got within the last day."""
        since = self._now() - SESSION_LASTS
        query = sa.select(sa.func.count()).where(_I.c.person == person, _I.c.made > since)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def invited(self, secret: str) -> str | None:
        """Whom a link would sign in; None if it is used, too old or unknown."""
        query = sa.select(_I.c.person).where(self._good(secret))
        with self._database.read() as connection:
            found: str | None = connection.scalar(query)
        return found

    def sign_in(self, secret: str) -> str | None:
        """Use a link. Returns the secret of a new session; None if the link is not valid."""
        session, now = secrets.token_urlsafe(32), self._now()
        with self._database.write() as connection:
            person = connection.scalar(
                sa.update(_I).where(self._good(secret)).values(used=now).returning(_I.c.person)
            )
            if person is None:
                return None
            connection.execute(sa.delete(_S).where(_S.c.expires < now))
            connection.execute(
                sa.insert(_S).values(
                    hashed=_hashed(session),
                    person=person,
                    made=now,
                    expires=now + SESSION_LASTS,
                )
            )
        return session

    def who(self, session: str) -> str | None:
        """Who is signed in by this session; None if nobody is (any more)."""
        query = sa.select(_S.c.person).where(
            _S.c.hashed == _hashed(session), _S.c.expires > self._now()
        )
        with self._database.read() as connection:
            found: str | None = connection.scalar(query)
        return found

    def sign_out(self, session: str) -> None:
        """End a session."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_S).where(_S.c.hashed == _hashed(session)))

    def sign_out_everywhere(self, person: str) -> int:
        """End all sessions of a person, and their links that are not used yet; how many sessions.

        For a person who lost a device, or who has left.
        """
        with self._database.write() as connection:
            connection.execute(sa.delete(_I).where(_I.c.person == person, _I.c.used.is_(None)))
            ended = connection.execute(sa.delete(_S).where(_S.c.person == person))
        return ended.rowcount

    def _good(self, secret: str) -> sa.ColumnElement[bool]:
        return sa.and_(
            _I.c.hashed == _hashed(secret), _I.c.used.is_(None), _I.c.expires > self._now()
        )


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
