"""A run that lies behind its lead's row goes on from the row: what it needs for that."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows that were written before have none: their pending mails are read from their states."""
    with op.batch_alter_table("leads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("writer", sa.JSON(), nullable=True))
