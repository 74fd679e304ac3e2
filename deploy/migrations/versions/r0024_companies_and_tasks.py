"""The company of each lead, and the name and the end of a task."""

import sqlalchemy as sa
from alembic import op

from models.company import domain_key, name_key
from models.tables.columns import UtcInstant

revision = "0024"
down_revision = "0026"
branch_labels = None
depends_on = None

_LEADS = sa.table(
    "leads",
    sa.column("id", sa.String()),
    sa.column("email", sa.String()),
    sa.column("profile", sa.JSON()),
    sa.column("company_name", sa.String()),
    sa.column("company_domain", sa.String()),
)
_MOST = 1_000
"""Rows that are read and changed at once."""


def upgrade() -> None:
    """The columns; those of the company are filled for the leads that are there."""
    op.add_column("tasks", sa.Column("name", sa.String(), nullable=True))
    op.add_column("tasks", sa.Column("until", UtcInstant(), nullable=True))
    for name in ("company_name", "company_domain"):
        op.add_column("leads", sa.Column(name, sa.String(), nullable=True))
    after = ""
    while rows := _some(after):
        op.get_bind().execute(
            sa.update(_LEADS)
            .where(_LEADS.c.id == sa.bindparam("lead"))
            .values(company_name=sa.bindparam("name"), company_domain=sa.bindparam("domain")),
            [
                {
                    "lead": row.id,
                    "name": name_key((row.profile or {}).get("company")),
                    "domain": domain_key(row.email),
                }
                for row in rows
            ],
        )
        after = rows[-1].id
    for name in ("company_name", "company_domain"):
        op.create_index(f"ix_leads_{name}", "leads", [name])


def _some(after: str) -> list[sa.Row[tuple[str, str | None, dict[str, object] | None]]]:
    query = sa.select(_LEADS.c.id, _LEADS.c.email, _LEADS.c.profile).where(_LEADS.c.id > after)
    return list(op.get_bind().execute(query.order_by(_LEADS.c.id).limit(_MOST)).all())
