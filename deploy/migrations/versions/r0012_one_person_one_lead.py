"""One person, one lead: ids as rows of their own, and each address of one lead."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from models.addresses import address_key

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LEADS = sa.table(
    "leads",
    sa.column("id", sa.String()),
    sa.column("email", sa.String()),
    sa.column("created", sa.DateTime(timezone=True)),
)
_INTAKE = sa.table(
    "intake",
    sa.column("seq", sa.Integer()),
    sa.column("lead", sa.String()),
    sa.column("kind", sa.String()),
    sa.column("body", sa.JSON()),
    sa.column("done", sa.DateTime(timezone=True)),
)
_MOST = 1_000
"""Rows that are inserted at once."""


def upgrade() -> None:
    """The tables, filled from the leads that are there and those that are on their way.

    Where two leads have one address, it names the one that was created first, by id if both were
    created at one instant. The other keeps its address for mail, and is reached by its id.
    """
    ids = op.create_table(
        "lead_ids",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    addresses = op.create_table(
        "lead_addresses",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_index("ix_lead_ids_lead", "lead_ids", ["lead"])
    op.create_index("ix_lead_addresses_lead", "lead_addresses", ["lead"])
    leads, owners = _found()
    _insert(ids, [{"id": lead, "lead": lead} for lead in leads])
    _insert(addresses, [{"address": one, "lead": lead} for one, lead in owners.items()])


def _found() -> tuple[list[str], dict[str, str]]:
    """The ids of all leads, and whose each address is."""
    connection = op.get_bind()
    leads: dict[str, None] = {}
    owners: dict[str, str] = {}
    there = sa.select(_LEADS).order_by(_LEADS.c.created.asc().nulls_last(), _LEADS.c.id)
    for row in connection.execute(there):
        leads[row.id] = None
        if row.email:
            owners.setdefault(address_key(row.email), row.id)
    coming = (
        sa.select(_INTAKE.c.lead, _INTAKE.c.body)
        .where(_INTAKE.c.kind == "lead", _INTAKE.c.done.is_(None))
        .order_by(_INTAKE.c.seq)
    )
    for row in connection.execute(coming):
        leads[row.lead] = None
        if email := row.body.get("profile", {}).get("email"):
            owners.setdefault(address_key(str(email)), row.lead)
    return list(leads), owners


def _insert(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    for first in range(0, len(rows), _MOST):
        op.bulk_insert(table, rows[first : first + _MOST])
