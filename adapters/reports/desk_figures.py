"""The figures of people at the desk: what they did in some days, each with the list that it counts.

As on the board, number and list come from one condition. It asks for entries of one kind within the
days, so it reads the index on kind and instant and never the whole timeline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapters.reports.figures import Asking, Element, Figure, Source
from adapters.reports.queries import text
from models.tables.columns import UtcInstant, table_of
from models.tables.leads import TimelineEntry
from models.tables.standings import StandingRow

_E = table_of(TimelineEntry)
_S = table_of(StandingRow)

_ENTRIES = Source(
    rows=_E.join(_S, _S.c.lead == _E.c.lead),
    dimensions={
        # A breach has no `by`: it is its owner's.
        "person": sa.func.coalesce(text(_E.c.fields, "by"), text(_E.c.fields, "owner")),
        "team": _S.c.team,
    },
)


@dataclass(frozen=True, slots=True)
class _DeskFigure:
    """A figure without its days."""

    title: str
    entry: str
    why: Element
    more: Element | None = None

    def within(self, name: str, since: datetime, until: datetime) -> Figure:
        """The figure of these days; `until` itself is not part of them."""

        def where(_: Asking) -> tuple[Element, ...]:
            # A literal, not a bound value, so that the index on kind and instant is always used.
            return (
                _E.c.kind == sa.literal_column(f"'{self.entry}'"),
                _E.c.at >= sa.literal(since, UtcInstant()),
                _E.c.at < sa.literal(until, UtcInstant()),
                *((self.more,) if self.more is not None else ()),
            )

        return Figure(
            name=name,
            title=self.title,
            where=where,
            since=_E.c.at,
            why=self.why,
            source=_ENTRIES,
        )


def _said(field: str) -> Element:
    return text(_E.c.fields, field)


_KINDS = {
    "accepted": _DeskFigure("Accepted", "accepted", sa.null()),
    "touched": _DeskFigure("Touches logged", "touched", _said("channel")),
    "handed-on": _DeskFigure("Qualified and handed on", "qualified", sa.null()),
    "won": _DeskFigure("Won", "won", sa.null()),
    "given-back": _DeskFigure("Given back to marketing", "recycled", _said("reason")),
    "in-time": _DeskFigure(
        "Accepted in time", "accepted", sa.null(), _E.c.fields["late"].as_boolean().is_(sa.false())
    ),
    "breaches": _DeskFigure("Clocks breached", "breached", _said("clock")),
}
WEEK = ("accepted", "touched", "handed-on", "won", "given-back")
"""What a person's week shows, in this order."""
KEPT = ("accepted", "in-time")
"""What a team shows of its members beside their breaches."""
NAMES = tuple(_KINDS)

Within = Callable[[str], Figure]


def figures_within(since: datetime, until: datetime) -> Within:
    """The figures of these days by name. The function raises KeyError for a name that is none."""
    return lambda name: _KINDS[name].within(name, since, until)
