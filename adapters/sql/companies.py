"""Leads of one company: who works them, for the choice of an owner and for the lead's page."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from adapters.sql.database import Database
from lifecycle.handoff.company_owner import OWNED, CompanyLead, company_owner
from models.decision import Assign
from models.directory import Directory
from models.tables.columns import table_of
from models.tables.leads import HandoffRow, LeadRow

_H = table_of(HandoffRow)
_L = table_of(LeadRow)


def preferred(
    connection: Connection, database: Database, people: Directory, lead: str, asked: Assign
) -> str | None:
    """Who is tried first: for a lead with a company, who works another lead of it, if anybody."""
    team = people.teams.get(asked.team or "")
    if not asked.company or team is None:
        return asked.prefer
    members = [one.email for one in team.members]
    query = (
        sa.select(_L.c.id, _L.c.stage, _L.c.owner, _H.c.assigned)
        .join(_H, sa.and_(_H.c.lead == _L.c.id, _H.c.number == _L.c.handoff))
        .where(
            of_company(asked.company),
            _L.c.id != lead,
            _L.c.merged_into.is_(None),
            _L.c.stage.in_(sorted(OWNED)),
            _L.c.owner.in_(database.listed(members)),
            _H.c.assigned.is_not(None),
        )
        .order_by(_H.c.assigned.desc(), _L.c.id)
        .limit(1)
    )
    others = [
        CompanyLead(lead=row.id, stage=row.stage, owner=row.owner, assigned=row.assigned)
        for row in connection.execute(query)
    ]
    return company_owner(others, members) or asked.prefer


def of_company(keys: Collection[str]) -> sa.ColumnElement[bool]:
    """The leads of the company that has these keys."""
    names = [key.removeprefix("name:") for key in keys if key.startswith("name:")]
    domains = [key.removeprefix("domain:") for key in keys if key.startswith("domain:")]
    return sa.or_(_L.c.company_name.in_(names), _L.c.company_domain.in_(domains))
