"""Snapshots of lives, from which reports begin. The nightly run fills them."""

import sqlalchemy as sa
from alembic import op

from models.tables.columns import UtcInstant

revision = "0031b"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "life_snapshots",
        sa.Column(
            "lead", sa.String(), sa.ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("until", UtcInstant(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("form", "stage")),
        *(sa.Column(name, sa.String()) for name in ("track", "digest")),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("moves", "handoffs", "mailings", "happenings", "deals")
        ),
    )
