"""When acts arrived at the gateway, until their leads have answered."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Acts that were asked before have no row; they count by the instant of their turn."""
    op.create_table(
        "act_arrivals",
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("arrived", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lead", "act"),
    )
