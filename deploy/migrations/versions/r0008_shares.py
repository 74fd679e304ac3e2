"""Shares instead of counts: what a member got, divided by the member's weight."""

from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A count becomes count ÷ weight, by the directory that was applied last.

    Counts of people who are not in their team any more are dropped: a member who returns is new.
    """
    op.create_table(
        "shares",
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("share", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("team", "member"),
    )
    connection = op.get_bind()
    directories = sa.table(
        "directories", sa.column("version", sa.Integer), sa.column("document", sa.JSON)
    )
    document = connection.scalar(
        sa.select(directories.c.document).order_by(directories.c.version.desc()).limit(1)
    )
    weights = _weights(document or {})
    counters = sa.table("counters", sa.column("team"), sa.column("member"), sa.column("total"))
    rows = [
        {
            "team": row.team,
            "member": row.member,
            "share": str(Fraction(row.total) / weights[row.team, row.member]),
        }
        for row in connection.execute(sa.select(counters))
        if (row.team, row.member) in weights
    ]
    shares = sa.table("shares", sa.column("team"), sa.column("member"), sa.column("share"))
    if rows:
        connection.execute(sa.insert(shares), rows)
    op.drop_table("counters")


def _weights(document: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {
        (name, member["email"]): member.get("weight", 1)
        for name, team in document.get("teams", {}).items()
        for member in team.get("members", ())
    }
