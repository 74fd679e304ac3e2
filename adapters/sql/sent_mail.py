"""Mail that was sent, found by what comes back from it: clicks, bounces, replies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.sql.database import Database
from models.addresses import spellings
from models.tables.columns import table_of
from models.tables.leads import LeadRow
from models.tables.mail import MessageRow

_M = table_of(MessageRow)
_L = table_of(LeadRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """One e-mail to a lead, as far as what comes back from it needs to know."""

    lead: str
    key: str
    message: str
    """The Message-ID without its angle brackets."""
    email: str
    """The e-mail's name in the program."""
    address: str
    current: bool
    """Whether the lead still has this address: a bounce of an old one is not about the new."""
    links: tuple[str, ...]
    """Where its tracked links lead, by their numbers."""
    at: datetime
    """When it was due, by the program's clock."""
    updated: datetime
    """When the mail server accepted it, by the wall clock."""


class SqlSentMail:
    """Mail to leads by its Message-ID."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_local_part(self, mail: str) -> SentMail | None:
        """The mail whose Message-ID begins with this, up to its `@`.

        Tokens name mail in this way.
        """
        return self._find(_M.c.mail == mail)

    def by_message_id(self, message: str) -> SentMail | None:
        """The mail with this Message-ID, with or without angle brackets."""
        plain = message.strip().strip("<>")
        mail = plain.partition("@")[0]
        return self._find(sa.and_(_M.c.mail == mail, _M.c.message == plain))

    def _find(self, where: sa.ColumnElement[bool]) -> SentMail | None:
        query = (
            sa.select(_M, _L.c.email.label("now"))
            .outerjoin(_L, _L.c.id == _M.c.lead)
            .where(where, _M.c.email.is_not(None))
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return SentMail(
            lead=row.lead,
            key=row.key,
            message=row.message,
            email=row.email,
            address=row.address or "",
            current=row.now is None or row.now in spellings(row.address or ""),
            links=tuple(row.links),
            at=row.at,
            updated=row.updated,
        )
