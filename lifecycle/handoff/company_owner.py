"""`prefer: company_owner`: who of a team already works a lead of the same company.

It is the member of the team who owns, in mql to customer, the lead of the same company that was
assigned last. Our extension of the language (docs/choices.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from lifecycle.stages import IN_SALES
from models.program.values import Stage

OWNED: frozenset[Stage] = IN_SALES | {"opportunity", "customer"}
"""Stages in which a lead has an owner who knows its company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyLead:
    """Another lead of the company."""

    lead: str
    stage: str
    owner: str | None
    assigned: datetime | None
    """When its handoff was last assigned."""


def company_owner(others: Iterable[CompanyLead], members: Collection[str]) -> str | None:
    """The owner to try first; None if no member of the team works a lead of the company.

    Of leads that were assigned at one instant, the one with the smaller id counts.
    """
    found = [
        (one.assigned, one.lead, one.owner)
        for one in others
        if one.stage in OWNED and one.owner in members and one.assigned is not None
    ]
    if not found:
        return None
    last = max(assigned for assigned, _, _ in found)
    return min((lead, owner) for assigned, lead, owner in found if assigned == last)[1]
