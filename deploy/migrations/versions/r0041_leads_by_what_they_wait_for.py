"""Leads whose mail is deferred, and leads that were not woken, are found by indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0031b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The page of leads that do not move counts both, also among a hundred thousand leads."""
    for name, columns in (
        ("deferred", ["deferred", "step_since", "closed", "program"]),
        ("due_at", ["due_at"]),
    ):
        op.create_index(
            f"ix_standings_{name}",
            "standings",
            columns,
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
