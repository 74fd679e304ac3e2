"""Tags of leads, and an index over open tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table and one index."""
    op.create_table(
        "lead_tags",
        sa.Column(
            "lead", sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("tag", sa.String(), primary_key=True),
    )
    op.create_index("ix_lead_tags_tag", "lead_tags", ["tag", "lead"])
    still_open = sa.text("done IS NULL")
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["team", "owner"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
