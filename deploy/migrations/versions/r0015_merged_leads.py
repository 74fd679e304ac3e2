"""Leads that were merged into others, and the addresses that came with them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No lead was merged before."""
    op.add_column("leads", sa.Column("merged_into", sa.String(), nullable=True))
    op.add_column("lead_addresses", sa.Column("merged", sa.String(), nullable=True))
