"""Alerts that were sent, found by the tokens of their buttons and of mail that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.mail import MessageRow

_M = table_of(MessageRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAlert:
    """One alert to one person of sales."""

    mail: str
    """The local part of the Message-ID that it has in a mail of its own."""
    lead: str
    person: str
    handoff: int | None
    """The handoff that it was about."""
    sent: datetime
    """When the mail server accepted it, by the wall clock."""


class SqlSentAlerts:
    """Alerts by their Message-ID."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_local_part(self, mail: str) -> SentAlert | None:
        """The alert whose Message-ID begins with this, up to its `@`.

        Tokens name mail in this way.
        """
        # Nurture mail has a name in the program; an alert has none.
        query = sa.select(_M).where(_M.c.mail == mail, _M.c.email.is_(None)).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return _sent_alert(row) if row is not None else None

    def in_one_mail(self, bundle: str) -> tuple[SentAlert, ...]:
        """The alerts that went together in the mail whose Message-ID begins with this."""
        query = sa.select(_M).where(_M.c.bundle == bundle).order_by(_M.c.key)
        with self._database.read() as connection:
            return tuple(map(_sent_alert, connection.execute(query)))


def _sent_alert(row: sa.Row[Any]) -> SentAlert:
    return SentAlert(
        mail=row.mail,
        lead=row.lead,
        person=row.address or "",
        handoff=row.handoff,
        sent=row.updated,
    )
