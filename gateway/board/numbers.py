"""A number on a page of the board, with the link to the list that it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from adapters.reports.figures import Asking, Cell, Cells, Figure, SqlFigures, Values
from gateway.board.user import BoardUser
from usecases.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number, the instant since when the longest row is so, and the list's path."""

    value: int
    longest: datetime | None
    path: str


_Key = tuple[str | None, ...]
_Counted = tuple[_Key, dict[str, Cell]]
"""Values of all dimensions, and the figures' cells for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Counted figures, from which a page takes its numbers."""

    by: tuple[str, ...]
    cells: Cells
    only: Values
    _groups: dict[tuple[str, ...], dict[_Key, list[_Counted]]] = field(default_factory=dict)
    """The cells by the values of some dimensions, as far as they were asked for."""

    def of(self, figure: Figure, **only: str | None) -> Number:
        """The number of a figure for these values of the counted dimensions, the rest summed up."""
        found = [cells[figure.name] for _, cells in self._with(only)]
        return _number(figure, found, {**self.only, **only})

    def values(self, name: str, figure: Figure, **only: str | None) -> list[str | None]:
        """The values of a dimension for which the figure counts something, the most first."""
        found: dict[str | None, int] = {}
        place = self.by.index(name)
        for values, cells in self._with(only):
            value = values[place]
            found[value] = found.get(value, 0) + cells[figure.name].number
        return sorted((one for one, count in found.items() if count), key=lambda one: -found[one])

    def _with(self, only: Values) -> list[_Counted]:
        """The cells with these values. A page asks for hundreds of numbers, so they are grouped."""
        names = tuple(only)
        if names not in self._groups:
            places = [self.by.index(one) for one in names]
            groups = self._groups[names] = {}
            for values, cells in self.cells.items():
                key = tuple(values[place] for place in places)
                groups.setdefault(key, []).append((values, cells))
        return self._groups[names].get(tuple(only.values()), [])


def _number(figure: Figure, cells: Sequence[Cell], only: Values) -> Number:
    longest = min((one.longest for one in cells if one.longest is not None), default=None)
    words = urlencode({name: value or "" for name, value in only.items()})
    path = f"/board/lists/{figure.name}"
    return Number(
        value=sum(one.number for one in cells),
        longest=longest,
        path=f"{path}?{words}" if words else path,
    )


class BoardNumbers:
    """Counts figures for a person, at one instant."""

    def __init__(self, context: Context, user: BoardUser) -> None:
        self._figures = SqlFigures(context.database)
        self.asking = asking(context, user)

    def count(
        self,
        *figures: Figure,
        by: Sequence[str] = (),
        longest: Figure | None = None,
        **only: str | None,
    ) -> Numbers:
        """Count figures of one source in one pass; see `SqlFigures.count`."""
        cells = self._figures.count(figures, self.asking, by=by, only=only, longest=longest)
        return Numbers(by=tuple(by), cells=cells, only=only)


def asking(context: Context, user: BoardUser) -> Asking:
    """Now, and when today began in the person's time zone."""
    now = context.now()
    local = now.astimezone(user.zone)
    return Asking(now=now, today=local.replace(hour=0, minute=0, second=0, microsecond=0))
