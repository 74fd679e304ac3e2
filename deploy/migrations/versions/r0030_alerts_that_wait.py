"""Alerts wait for their person's next mail, and one mail holds several."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alerts that were sent before went alone."""
    op.create_table(
        "waiting_alerts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("command", sa.JSON(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mail", sa.String(), nullable=True),
        sa.Column("leader", sa.String(), nullable=True),
        sa.Column("begun", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_waiting_alerts_person", "waiting_alerts", ["person", "mail"])
    op.create_index("ix_waiting_alerts_mail", "waiting_alerts", ["mail"])
    op.create_table(
        "alert_paces",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("mailed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("urgent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person"),
    )
    op.add_column("messages", sa.Column("bundle", sa.String(), nullable=True))
    op.create_index(
        "ix_messages_bundle",
        "messages",
        ["bundle"],
        sqlite_where=sa.text("bundle IS NOT NULL"),
        postgresql_where=sa.text("bundle IS NOT NULL"),
    )
