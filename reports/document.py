"""A report as JSON values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.instants import write_instant
from reports.table import Report, ReportCell


def document(report: Report, *, leads: bool) -> dict[str, Any]:
    """The report as one object; with `leads`, each cell has the entries that it counts."""
    return {
        "report": report.name,
        "title": report.title,
        "cohort": report.cohort,
        "as_of": write_instant(report.as_of),
        "since": _instant(report.since),
        "until": _instant(report.until),
        "timezone": report.timezone,
        "unit": report.unit,
        "n": report.n,
        "still_open": report.still_open,
        "notes": list(report.notes),
        "tables": [
            {
                "title": table.title,
                "definition": table.definition,
                "rows_are": table.head,
                "columns": list(table.columns),
                "rows": [
                    {
                        "name": row.name,
                        "cells": {
                            column: _cell(cell, leads=leads)
                            for column, cell in zip(table.columns, row.cells, strict=True)
                        },
                    }
                    for row in table.rows
                ],
            }
            for table in report.tables
        ],
    }


def _cell(cell: ReportCell, *, leads: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"form": cell.form}
    if cell.form == "text":
        found["words"] = cell.words
    else:
        found["figure"] = None if cell.figure is None else round(cell.figure, 6)
    if cell.of is not None:
        found["of"] = cell.of
    if cell.interval is not None:
        found["interval"] = [round(end, 6) for end in cell.interval]
    if cell.at_least:
        found["at_least"] = True
    found["items"] = len(cell.items)
    if leads:
        found["leads"] = [{"lead": one.lead, "seq": one.seq} for one in cell.items]
    return found


def _instant(at: datetime | None) -> str | None:
    return None if at is None else write_instant(at)
