"""What the database has about leads and mail, to compare with Temporal and a mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.reports.queries import rows
from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.leads import LeadRow, TimelineEntry

_E = table_of(TimelineEntry)
_L = table_of(LeadRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMailEntry:
    """A mail that a timeline says was sent."""

    lead: str
    email: str
    message: str
    at: datetime


class SqlAudit:
    """Stages and sent mail as timelines and rows have them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stage_of(self) -> dict[str, str]:
        """Each lead's stage, to compare with its workflow's."""
        return {
            row["id"]: row["stage"] for row in rows(self._database, sa.select(_L.c.id, _L.c.stage))
        }

    def stage_of_lead(self, lead: str) -> str | None:
        """One lead's stage; None if there is no such lead."""
        found = rows(self._database, sa.select(_L.c.stage).where(_L.c.id == lead))
        return next((str(row["stage"]) for row in found), None)

    def latest_entry(self) -> datetime | None:
        """The instant of the latest entry of all timelines; None without any."""
        with self._database.read() as connection:
            found: datetime | None = connection.scalar(sa.select(sa.func.max(_E.c.at)))
        return found

    def fullest_life(self) -> str | None:
        """The lead with the most entries of different kinds on its timeline; None without any."""
        kinds = sa.func.count(_E.c.kind.distinct())
        query = sa.select(_E.c.lead).group_by(_E.c.lead).order_by(kinds.desc(), _E.c.lead)
        return next((str(row["lead"]) for row in rows(self._database, query.limit(1))), None)

    def sent_mail(self) -> list[SentMailEntry]:
        """Every `email_sent` of every timeline, in time order: what the mailbox must hold."""
        query = (
            sa.select(_E.c.lead, _E.c.at, _E.c.fields)
            .where(_E.c.kind == "email_sent")
            .order_by(_E.c.at, _E.c.lead, _E.c.seq)
        )
        return [
            SentMailEntry(
                lead=row["lead"],
                email=row["fields"]["email"],
                message=row["fields"]["message"],
                at=row["at"],
            )
            for row in rows(self._database, query)
        ]
