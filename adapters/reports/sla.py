"""Whether handoffs were accepted in time, and which clocks were breached, from SQL."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from adapters.reports.queries import counts, rows, text
from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.leads import HandoffRow, TimelineEntry

_E = table_of(TimelineEntry)
_H = table_of(HandoffRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Handoffs whose accept clock has ended: by an acceptance or by a breach."""

    ended: int
    in_time: int
    """Accepted before any breach."""

    @property
    def share(self) -> float | None:
        """The share accepted in time, 0 to 1; None if no clock has ended."""
        return self.in_time / self.ended if self.ended else None


class SqlSla:
    """Figures of handoffs and their clocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acceptance(self) -> Acceptance:
        """How many handoffs were accepted in time."""
        in_time = sa.and_(_H.c.accepted.is_not(None), _H.c.accept_breaches == 0)
        query = sa.select(
            sa.func.count().label("ended"),
            sa.func.coalesce(sa.func.sum(sa.case((in_time, 1), else_=0)), 0).label("in_time"),
        ).where(sa.or_(_H.c.accepted.is_not(None), _H.c.accept_breaches > 0))
        row = rows(self._database, query)[0]
        return Acceptance(ended=row["ended"], in_time=row["in_time"])

    def breaches(self) -> dict[str, int]:
        """Breaches by clock."""
        clock = text(_E.c.fields, "clock")
        return counts(
            self._database,
            sa.select(clock, sa.func.count()).where(_E.c.kind == "breached").group_by(clock),
        )
