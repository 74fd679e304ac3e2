"""Leads that do not move are counted from indexes alone, without their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_REASONS = (
    ("mail", "mail_why", "mail_at", "closed", "program"),
    ("suppressed", "suppressed_since", "closed", "program"),
    ("paused", "paused_since", "paused_until", "track", "closed", "program"),
)
_ANY_REASON = (
    *("closed", "program", "track", "deferred", "step_since", "due_at", "mail", "mail_why"),
    *("unassigned", "overdue", "paused", "paused_until", "suppressed"),
)


def upgrade() -> None:
    """The three indexes of reasons held the first column alone."""
    op.create_index("ix_standings_not_moving", "standings", _ANY_REASON)
    for columns in _REASONS:
        name = f"ix_standings_{columns[0]}"
        where = sa.text(f"{columns[0]} IS NOT NULL")
        op.drop_index(name, "standings")
        op.create_index(name, "standings", columns, sqlite_where=where, postgresql_where=where)
