"""What the board shows at the end of a demonstration, and who may look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from adapters.reports.board_figures import (
    DEFERRED,
    IN_FLIGHT,
    NOT_MOVING,
    OPEN_HANDOFFS,
    OVERDUE,
    REASONS,
)
from adapters.reports.figures import Asking, Figure, SqlFigures
from adapters.sql.database import Database
from adapters.sql.directory import SqlDirectory
from lifecycle.stages import MOVES


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardAtTheEnd:
    """The numbers of the board's first page and of its page Not moving, as the board counts."""

    program: str
    in_flight: int
    stages: Mapping[str, int]
    """Those in flight by stage."""
    figures: Mapping[str, int]
    """The other numbers of the program's card, by their names."""
    reasons: Mapping[str, int]
    """Why leads do not move, by the titles of that page. A lead may have several reasons."""
    person: str | None
    """Whom the teams file lets look at the board: an admin, if there is one."""

    @classmethod
    def read(cls, database: Database, program: str, now: datetime) -> Self:
        """Count at this instant of the program's clock."""
        figures, only = SqlFigures(database), {"program": program}
        asking = Asking(now=now, today=now)

        def number(figure: Figure) -> int:
            return sum(
                one[figure.name].number
                for one in figures.count([figure], asking, only=only).values()
            )

        by_stage = figures.count([IN_FLIGHT], asking, by=("stage",), only=only)
        return cls(
            program=program,
            in_flight=number(IN_FLIGHT),
            stages={
                one: by_stage[one,][IN_FLIGHT.name].number for one in MOVES if (one,) in by_stage
            },
            figures={
                "open handoffs": number(OPEN_HANDOFFS),
                "overdue": number(OVERDUE),
                "mails deferred": number(DEFERRED),
                "not moving": number(NOT_MOVING),
            },
            reasons={one.title: count for one in REASONS if (count := number(one))},
            person=SqlDirectory(database).directory().admin_of_marketing,
        )
