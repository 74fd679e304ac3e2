"""Publications: who made which version the newest, when, and what it means for leads in flight."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table; each version that is there was published once, as far as we know."""
    op.create_table(
        "publications",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("in_flight", sa.String(), nullable=False),
        sa.Column("recheck", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["programs.digest"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_publications_name", "publications", ["name"])
    op.execute(
        'INSERT INTO publications (name, digest, at, "by", note, in_flight, recheck)'
        " SELECT name, digest, published, '', '', 'pin', false FROM programs"
        " ORDER BY published, digest DESC"
    )
