"""Indexes for what the board counts: by stage, by step, and the rare reasons not to go on."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index of the table's first days is a part of that by step."""
    op.drop_index("ix_standings_program_track_step", "standings")
    op.create_index(
        "ix_standings_stages",
        "standings",
        ["program", "stage", "digest", "closed", "handoff", "overdue", "deferred"],
    )
    op.create_index(
        "ix_standings_steps",
        "standings",
        ["program", "track", "step", "deferred", "digest", "closed", "until", "step_since"],
    )
    for name in ("overdue", "unassigned", "mail", "paused", "suppressed"):
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_standings_{name}",
            "standings",
            [name],
            sqlite_where=where,
            postgresql_where=where,
        )
