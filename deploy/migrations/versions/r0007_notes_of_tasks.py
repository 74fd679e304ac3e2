"""A task's row has its note, so that lists of tasks say what is to be done."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The notes of tasks that were opened before stand on the timelines."""
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("note", sa.String(), nullable=True))
    connection = op.get_bind()
    opened = sa.text("SELECT lead, fields FROM entries WHERE kind = 'task_opened'")
    update = sa.text("UPDATE tasks SET note = :note WHERE lead = :lead AND task = :task")
    for lead, stored in connection.execute(opened).all():
        fields = json.loads(stored) if isinstance(stored, str) else stored
        if fields.get("note"):
            values = {"note": fields["note"], "lead": lead, "task": fields["task"]}
            connection.execute(update, values)
