"""Runs of re-engagement schedules, and an index to page through a program's leads by stage."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No schedule has run so far."""
    op.create_table(
        "reengagements",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("left_over", sa.Integer(), nullable=False),
        sa.Column("why_not", sa.JSON(), nullable=False),
        sa.Column("failed", sa.JSON(), nullable=False),
        sa.Column("sweep", sa.Integer(), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_index("ix_reengagements_name", "reengagements", ["name"])
    op.create_table(
        "reengagement_leads",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("idle_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("run", "lead"),
    )
    op.create_index(
        "ix_reengagement_leads_order", "reengagement_leads", ["run", "idle_since", "lead"]
    )
    op.create_index("ix_leads_program_stage", "leads", ["program", "stage", "id"])
