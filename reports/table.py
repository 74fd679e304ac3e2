"""A report as a value: tables of cells, each of which knows the timeline entries that it counts.

A cell's figure is computed from its items and from nothing else, so the number and its list can't
differ. An item is one entry of a lead's timeline: whoever doubts a number can read the entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from reports.proportions import Interval, wilson
from reports.survival import quantile

Form = Literal["count", "share", "seconds", "money", "number", "text"]
"""How a figure is shown. A share is from 0 to 1."""


class CountedEntry(NamedTuple):
    """What a cell counts: an entry of a lead's timeline, by its number."""

    lead: str
    seq: int
    value: float | None = None
    """What it adds to the figure, if it is not only counted: seconds, an amount."""
    ended: bool = True
    """Of a length: whether it has ended. Else it is as long as it has been until now."""

    def worth(self, value: float) -> CountedEntry:
        """The same entry with what it adds to the figure."""
        return CountedEntry(self.lead, self.seq, value, self.ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCell:
    """One figure with the items that it is computed from. None: nothing to compute it from."""

    figure: float | None
    form: Form
    items: tuple[CountedEntry, ...] = ()
    of: int | None = None
    """How many there are in all, of a share."""
    interval: Interval | None = None
    at_least: bool = False
    """Whether it can still grow, because the time of some is not over."""
    words: str = ""
    """Of a text."""


def count(items: Iterable[CountedEntry], *, at_least: bool = False) -> ReportCell:
    """How many items there are."""
    found = tuple(items)
    return ReportCell(figure=len(found), form="count", items=found, at_least=at_least)


def share(items: Iterable[CountedEntry], of: int, *, at_least: bool = False) -> ReportCell:
    """The share that these items are of so many, with Wilson's interval."""
    found = tuple(items)
    return ReportCell(
        figure=len(found) / of if of else None,
        form="share",
        items=found,
        of=of,
        interval=wilson(len(found), of) if of else None,
        at_least=at_least and bool(of),
    )


def length(items: Iterable[CountedEntry], part: float) -> ReportCell:
    """The quantile of the items' seconds, with those counted that have not ended."""
    found = tuple(items)
    at = quantile([(one.value or 0.0, one.ended) for one in found], part)
    return ReportCell(
        figure=at.length if at else None,
        form="seconds",
        items=found,
        at_least=bool(at and at.at_least),
    )


def total(items: Iterable[CountedEntry], form: Form = "money") -> ReportCell:
    """The sum of the items' values."""
    found = tuple(items)
    return ReportCell(figure=sum(one.value or 0.0 for one in found), form=form, items=found)


def mean(items: Iterable[CountedEntry], form: Form = "money") -> ReportCell:
    """The mean of the items' values."""
    found = tuple(items)
    figure = sum(one.value or 0.0 for one in found) / len(found) if found else None
    return ReportCell(figure=figure, form=form, items=found)


def words(text: str, items: Iterable[CountedEntry] = ()) -> ReportCell:
    """A cell that says something instead of counting."""
    return ReportCell(figure=None, form="text", items=tuple(items), words=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """A row: its name, and a cell for each column."""

    name: str
    cells: tuple[ReportCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a report."""

    title: str
    definition: str
    """What is counted, and how, in sentences."""
    head: str
    """What the rows are."""
    columns: tuple[str, ...]
    rows: tuple[ReportRow, ...]

    def __post_init__(self) -> None:
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            raise AssertionError(f"a row of '{self.title}' has not one cell for each column")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report with what one has to know to read it."""

    name: str
    title: str
    cohort: str
    """Whom it counts: the rule by which a lead belongs to it."""
    as_of: datetime
    since: datetime | None
    until: datetime | None
    timezone: str
    """The time zone of its days, weeks, months and hours."""
    n: int
    """How many there are in all."""
    still_open: int
    """How many of them have no end yet."""
    unit: str
    """What `n` counts: leads, passages, handoffs."""
    notes: tuple[str, ...] = field(default=())
    tables: tuple[Table, ...] = ()

    def only(self, row: str | None, column: str | None) -> Report:
        """The same report with this row or column alone, in all tables that have them."""
        tables = []
        for table in self.tables:
            places = [n for n, name in enumerate(table.columns) if column in (None, name)]
            rows = tuple(
                replace(one, cells=tuple(one.cells[n] for n in places))
                for one in table.rows
                if row in (None, one.name)
            )
            if rows and places:
                columns = tuple(table.columns[n] for n in places)
                tables.append(replace(table, columns=columns, rows=rows))
        return replace(self, tables=tuple(tables))
