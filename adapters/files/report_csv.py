"""A report as a CSV file: a line a cell, or with its leads a line an item."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.files.spreadsheet import BEGINNING, csv_line
from models.instants import write_instant
from reports.table import Report


def csv_of(report: Report, *, leads: bool) -> Iterator[str]:
    """The file, piece by piece.

    A line is report, as of, table, row and column; then the figure, the ends of its interval, what
    it is a share of, whether it can only grow, and how many entries it counts. With `leads`: a
    lead, the number of the entry, and what it adds.
    """
    where = ("report", "as_of", "table", "row", "column")
    what = ("lead", "seq", "value") if leads else ("figure", "low", "high", "of", "at_least", "n")
    yield BEGINNING + csv_line((*where, *what))
    for table in report.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                place = (report.name, write_instant(report.as_of), table.title, row.name, column)
                if leads:
                    for item in cell.items:
                        yield csv_line((*place, item.lead, item.seq, item.value))
                    continue
                figure = cell.words if cell.form == "text" else cell.figure
                low, high = cell.interval or (None, None)
                grows = "yes" if cell.at_least else ""
                yield csv_line((*place, figure, low, high, cell.of, grows, len(cell.items)))
