"""Figures: a number and the list that it counts, from one condition.

A figure is a named condition over rows. `SqlFigures.count` counts the rows that it holds for, and
`SqlFigures.listed` lists them, so the two can't differ. Dimensions (program, stage, step …) narrow
a figure down: a count by dimensions has a cell for each combination of values, and the same
values narrow the list.

The file is long because what counts and what lists stand side by side: they share each condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from adapters.sql.database import Database
from lifecycle.words.person_name import person_name
from models.tables.columns import UtcInstant, table_of
from models.tables.leads import LeadRow
from models.tables.standings import StandingRow

_L = table_of(LeadRow)
_S = table_of(StandingRow)
PAGE = 50
"""How many rows a page of a list has."""
AGES, OLDER = {"day": 1, "week": 7}, "older"
"""Values of the dimension `age`: younger than so many days, else older."""
_AGE_NAMES = (*AGES, OLDER)

Element = sa.ColumnElement[Any]
Values = Mapping[str, str | None]
"""Values of dimensions. None: the row has no value there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """When somebody asks, by the program's clock."""

    now: datetime
    today: datetime
    """When today began, where the person is."""

    def instant(self, **before: float) -> Element:
        """The instant so long before now, in SQL."""
        return sa.literal(self.now - timedelta(**before), UtcInstant())


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rows that figures count. Each belongs to one lead."""

    rows: sa.FromClause
    dimensions: Mapping[str, Element]
    lead: Element = _S.c.lead
    """The row's lead, which has one row in `standings`."""
    within: Callable[[Asking], Element] | None = None
    """What holds for all that is counted: a part of all figures' conditions."""

    def common(self, asking: Asking) -> tuple[Element, ...]:
        """That condition, if there is one."""
        return () if self.within is None else (self.within(asking),)


STANDINGS = Source(
    rows=_S,
    dimensions={
        name: _S.c[name]
        for name in (
            *("program", "digest", "stage", "track", "step", "deferred", "mail", "mail_why"),
            *("suppressed", "paused", "unassigned", "overdue", "team", "owner"),
        )
    },
)
"""Leads as they stand now."""

EXCEPTIONS = Source(
    rows=_S,
    # An expression, so that SQLite does not take the index on programs, by which it would read each
    # lead of the program: these figures have indexes of their own, which hold few leads.
    dimensions={**STANDINGS.dimensions, "program": _S.c.program + ""},
)
"""The same leads, for figures that hold for few of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number and its list."""

    name: str
    title: str
    """What the list is called: `Open handoffs`."""
    where: Callable[[Asking], tuple[Element, ...]]
    """What all must hold for a row; what all rows of its source are counted by needs none.

    Figures that are counted together name what they share first, and as the same object: then the
    database leaves out all other rows before it looks at each figure.
    """
    since: Element
    """Since when a row is so: the list shows it, the longest first."""
    why: Element = field(default_factory=sa.null)
    """The reason that the list shows."""
    until: Element = field(default_factory=sa.null)
    source: Source = STANDINGS

    def condition(self, asking: Asking) -> tuple[Element, ...]:
        """For which rows it holds: the one condition of its number and of its list."""
        return (*self.where(asking), *self.source.common(asking))

    def dimension(self, name: str, asking: Asking) -> Element:
        """A dimension in SQL. Raises KeyError for a name that is none.

        Every figure has the dimensions of its source, and `why` and `age`.
        """
        if name == "why":
            return self.why
        if name == "age":
            return sa.case(
                *((self.since > asking.instant(days=days), age) for age, days in AGES.items()),
                else_=OLDER,
            )
        return self.source.dimensions[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number, and since when the longest of its rows is so."""

    number: int = 0
    longest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLine:
    """One row of a list."""

    lead: str
    name: str
    company: str
    program: str
    stage: str
    track: str | None
    step: str | None
    since: datetime | None
    until: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPage:
    """A page of a list, and how many rows the whole list has."""

    lines: tuple[ListedLine, ...]
    total: int
    number: int

    @property
    def first(self) -> int:
        """The number of the page's first row, from 1; 0 if there is none."""
        return (self.number - 1) * PAGE + 1 if self.lines else 0

    @property
    def last(self) -> int:
        """The number of its last row."""
        return self.first + len(self.lines) - 1 if self.lines else 0


Cells = dict[tuple[str | None, ...], dict[str, Cell]]
"""Cells by the values of dimensions, then by the figure's name."""


class SqlFigures:
    """Counts and lists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(
        self,
        figures: Sequence[Figure],
        asking: Asking,
        *,
        by: Sequence[str] = (),
        only: Values | None = None,
        longest: Figure | None = None,
    ) -> Cells:
        """Count these figures, which have one source, in one pass over its rows.

        `why` and `age` are dimensions of one figure alone, so such a count has one figure.

        There is a cell for each combination of values of the dimensions `by` that has any row.
        `only` narrows the rows down. `longest` is the figure of which it is also found since when
        the longest row is so.
        """
        first, ages = figures[0], _AGE_NAMES if "age" in by else (None,)
        grouped = [name for name in by if name != "age"]
        dimensions = [first.dimension(name, asking) for name in grouped]
        columns: list[Element] = [
            one.label(f"by_{name}") for name, one in zip(grouped, dimensions, strict=True)
        ]
        shared, own = _shared([figure.where(asking) for figure in figures])
        for place, (figure, held) in enumerate(zip(figures, own, strict=True)):
            for age in ages:
                # An age is a condition and no group: to group by it, SQLite would sort all rows.
                here = held if age is None else (*held, figure.dimension("age", asking) == age)
                columns.append(_number_of(here).label(f"n_{place}_{age}"))
                if figure is longest:
                    oldest = figure.since if not here else sa.case((sa.and_(*here), figure.since))
                    columns.append(sa.func.min(oldest).label(f"m_{place}_{age}"))
        query = (
            sa.select(*columns)
            .select_from(first.source.rows)
            .where(
                *shared,
                *first.source.common(asking),
                *_narrowed(first, asking, only or {}),
                # If one has no condition of its own, it counts all these rows.
                *((sa.or_(*(sa.and_(*held) for held in own)),) if all(own) else ()),
            )
            .group_by(*(sa.literal_column(f"by_{name}") for name in grouped))
        )
        cells: Cells = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                values = row._mapping  # noqa: SLF001  # the public name of a row's mapping
                for age in ages:
                    key = tuple(age if name == "age" else values[f"by_{name}"] for name in by)
                    cells[key] = {
                        figure.name: Cell(
                            number=values[f"n_{place}_{age}"],
                            longest=values[f"m_{place}_{age}"] if figure is longest else None,
                        )
                        for place, figure in enumerate(figures)
                    }
        return cells

    def listed(
        self, figure: Figure, asking: Asking, *, only: Values, number: int = 1
    ) -> ListedPage:
        """A page of the rows that a figure counts. Pages count from 1.

        Raises KeyError if `only` names a dimension that the figure has not.
        """
        source = figure.source
        where = (*figure.condition(asking), *_narrowed(figure, asking, only))
        # The page's rows are chosen first, and only these are joined with their leads' standings.
        shown = (
            sa.select(
                source.lead,
                figure.since.label("since_shown"),
                figure.until.label("until_shown"),
                figure.why.label("why_shown"),
            )
            .select_from(source.rows)
            .where(*where)
            .order_by(figure.since.asc().nulls_last(), source.lead)
            .limit(PAGE)
            .offset((number - 1) * PAGE)
            .subquery()
        )
        query = (
            sa.select(
                shown,
                *(_S.c[name] for name in ("program", "stage", "track", "step")),
                *(_L.c.profile, _L.c.email),
            )
            .join(_S, _S.c.lead == shown.c.lead)
            .join(_L, _L.c.id == shown.c.lead)
            .order_by(shown.c.since_shown.asc().nulls_last(), shown.c.lead)
        )
        counted = sa.select(sa.func.count()).select_from(source.rows).where(*where)
        with self._database.read() as connection:
            lines = [_line(row) for row in connection.execute(query)]
            total = connection.execute(counted).scalar_one()
        return ListedPage(lines=tuple(lines), total=total, number=number)


_Conditions = tuple[Element, ...]


def _shared(conditions: Sequence[_Conditions]) -> tuple[_Conditions, list[_Conditions]]:
    """What all figures have in common, and what each has besides."""
    shared = tuple(
        one
        for one in conditions[0]
        if all(any(one is other for other in more) for more in conditions)
    )
    own = [
        tuple(one for one in more if not any(one is other for other in shared))
        for more in conditions
    ]
    return shared, own


def _number_of(conditions: _Conditions) -> Element:
    """How many rows fulfil them all."""
    return sa.func.count(sa.case((sa.and_(*conditions), 1))) if conditions else sa.func.count()


def _narrowed(figure: Figure, asking: Asking, only: Values) -> list[Element]:
    found = []
    for name, value in only.items():
        dimension = figure.dimension(name, asking)
        found.append(dimension.is_(None) if value is None else dimension == value)
    return found


def _line(row: sa.Row[Any]) -> ListedLine:
    return ListedLine(
        lead=row.lead,
        name=person_name(row.profile) or str(row.email or row.lead),
        company=str(row.profile.get("company") or ""),
        program=row.program,
        stage=row.stage,
        track=row.track,
        step=row.step,
        since=row.since_shown,
        until=row.until_shown,
        why=row.why_shown,
    )
