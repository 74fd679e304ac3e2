"""The desk: clocks in lists, roles of keys, absences, sign-ins, and events for a CRM."""

import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What the sales side keeps; leads that stand in the middle of a handoff get their clocks."""
    op.create_table(
        "absences",
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member", "from_day", "to_day"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("hashed", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hashed"),
    )
    op.create_table(
        "desk_sessions",
        sa.Column("hashed", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hashed"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ready", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_tried", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("done", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("webhook_events", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_events_lead_seq", ["lead", "seq"], unique=False)
        batch_op.create_index(
            "ix_webhook_events_waiting",
            ["ready"],
            unique=False,
            sqlite_where=sa.text("status = 'waiting'"),
            postgresql_where=sa.text("status = 'waiting'"),
        )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("role", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("person", sa.String(), nullable=True))
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("handoff", sa.Integer(), nullable=True))
    with op.batch_alter_table("leads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("team", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("clock", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("clock_due", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("breached", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.create_index("ix_leads_team_stage", ["team", "stage"], unique=False)
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """The new columns of leads from their states, as a turn would write them."""
    leads = sa.table(
        "leads",
        sa.column("id", sa.String),
        sa.column("handoff", sa.Integer),
        sa.column("state", sa.JSON),
        sa.column("team", sa.String),
        sa.column("clock", sa.String),
        sa.column("clock_due", sa.DateTime(timezone=True)),
        sa.column("breached", sa.Boolean),
    )
    naive = connection.dialect.name == "sqlite"
    known = sa.select(leads.c.id, leads.c.state).where(leads.c.handoff.is_not(None))
    for lead, state in connection.execute(known).all():
        read = json.loads(state) if isinstance(state, str) else state
        handoff = read.get("handoff") or {}
        running = [one for one in handoff.get("clocks", []) if not one.get("breached")]
        first = min(running, key=lambda one: one["due"], default=None)
        due = datetime.fromisoformat(first["due"]) if first is not None else None
        connection.execute(
            sa.update(leads)
            .where(leads.c.id == lead)
            .values(
                team=handoff.get("team"),
                clock=first["name"] if first is not None else None,
                clock_due=due.replace(tzinfo=None) if due is not None and naive else due,
                breached=len(running) < len(handoff.get("clocks", [])),
            )
        )
