"""The trace context of an accepted item, so that a trace reaches over the relay."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Items that were accepted before have none."""
    op.add_column("intake", sa.Column("trace", sa.String(), nullable=True))
