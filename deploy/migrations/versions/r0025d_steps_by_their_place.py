"""Steps and their mails are counted by their place, in the order of the index: without a sort."""

from alembic import op

revision = "0025d"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both indexes in another order of the same columns."""
    op.drop_index("ix_step_visits_entered", "step_visits")
    op.drop_index("ix_step_mails_sent", "step_mails")
    op.create_index(
        "ix_step_visits_place",
        "step_visits",
        ["program", "track", "step", "why", "entered", "left", "digest"],
    )
    op.create_index(
        "ix_step_mails_place",
        "step_mails",
        [
            *("program", "track", "step", "email", "sent", "digest", "delivered", "opened"),
            *("clicked", "replied", "unsubscribed"),
        ],
    )
