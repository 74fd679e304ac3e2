"""The tables of the database: one class each, for SQLite and PostgreSQL.

Whoever imports one family has them all, so that the metadata that migrations compare is whole.
"""

from models.tables import (
    access,
    crm,
    intake,
    launches,
    leads,
    mail,
    people,
    programs,
    search,
    snapshots,
    standings,
    tags,
    uploads,
    visits,
)

__all__ = [
    "access",
    "crm",
    "intake",
    "launches",
    "leads",
    "mail",
    "people",
    "programs",
    "search",
    "snapshots",
    "standings",
    "tags",
    "uploads",
    "visits",
]
