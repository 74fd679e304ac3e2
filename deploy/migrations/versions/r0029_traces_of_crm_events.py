"""The trace context of an event for the CRM, so that a trace reaches over the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0025b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Events that were written before have none."""
    op.add_column("webhook_events", sa.Column("trace", sa.String(), nullable=True))
