"""The hours in which somebody moved in a track, from which the board finds silent tracks."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from models.tables.columns import UtcInstant

revision = "0025c"
down_revision = "0029"
branch_labels = None
depends_on = None

_VISITS = sa.table(
    "step_visits",
    *(sa.column(name, sa.String()) for name in ("program", "track")),
    sa.column("entered", UtcInstant()),
)


def upgrade() -> None:
    """The table, filled from the steps that leads reached."""
    hours = op.create_table(
        "track_hours",
        sa.Column("program", sa.String(), primary_key=True),
        sa.Column("track", sa.String(), primary_key=True),
        sa.Column("hour", UtcInstant(), primary_key=True),
    )
    found: set[tuple[str, str, datetime]] = set()
    for row in op.get_bind().execute(sa.select(_VISITS)):
        found.add((row.program, row.track, _hour(row.entered)))
    rows: list[dict[str, Any]] = [
        {"program": program, "track": track, "hour": hour} for program, track, hour in sorted(found)
    ]
    op.bulk_insert(hours, rows)


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
