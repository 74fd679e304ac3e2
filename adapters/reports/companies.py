"""The other leads of a lead's company, for its page at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapters.reports.leads import Sight
from adapters.sql.companies import of_company
from adapters.sql.database import Database
from lifecycle.words.person_name import person_name
from models.company import company_keys
from models.tables.columns import table_of
from models.tables.leads import LeadRow

_L = table_of(LeadRow)
_MOST = 20
"""Leads of the company that a page names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Another lead of the company that the viewer may see."""

    lead: str
    name: str
    title: str
    stage: str
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The other leads of the company."""

    seen: tuple[Colleague, ...]
    """Those that the viewer may see, at most 20."""
    others: int
    """How many more there are."""
    owners: tuple[str, ...]
    """Who owns one of those others, by address."""


def company_of(
    database: Database, lead: str, profile: Mapping[str, Any], sight: Sight | None
) -> Company:
    """The other leads of this lead's company; of those outside `sight` only the owners' names."""
    keys = company_keys(profile)
    if not keys:
        return Company(seen=(), others=0, owners=())
    here = sa.and_(of_company(keys), _L.c.id != lead, _L.c.merged_into.is_(None))
    seen = sight.condition() if sight is not None else sa.true()
    query = sa.select(_L.c.id, _L.c.email, _L.c.profile, _L.c.stage, _L.c.owner)
    with database.read() as connection:
        rows = connection.execute(query.where(here, seen).order_by(_L.c.id).limit(_MOST)).all()
        named = [row.id for row in rows]
        rest = sa.and_(here, _L.c.id.not_in(named))
        others = connection.scalar(sa.select(sa.func.count()).select_from(_L).where(rest)) or 0
        owners = sa.select(_L.c.owner).where(rest, _L.c.owner.is_not(None)).distinct()
        found = connection.scalars(owners.order_by(_L.c.owner).limit(_MOST)).all() if others else []
    return Company(
        seen=tuple(
            Colleague(
                lead=row.id,
                name=person_name(row.profile) or str(row.email or row.id),
                title=str(row.profile.get("title") or ""),
                stage=row.stage,
                owner=row.owner,
            )
            for row in rows
        ),
        others=others,
        owners=tuple(found),
    )
