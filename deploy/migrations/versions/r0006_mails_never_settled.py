"""An index for mails that were claimed and never settled: `leadflow reconcile` looks for them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Few rows are claimed at any time, so the index is small."""
    op.create_index(
        "ix_messages_claimed",
        "messages",
        ["updated"],
        sqlite_where=sa.text("status = 'claimed'"),
        postgresql_where=sa.text("status = 'claimed'"),
    )
