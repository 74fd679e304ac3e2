"""Reports for the board and the API: each is computed in the background and kept for a minute.

A report on many leads takes many seconds. It is computed where `Context.report_work` says, and
stays in that process's memory, so that its page, its CSV file, the lists of its figures and the
answer of the API are computed once. No figure is older than a minute, beyond the time that it took
to compute.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Literal
from urllib.parse import urlencode

from adapters.files.report_csv import csv_of
from adapters.sql.database import open_database
from adapters.sql.programs import SqlPrograms
from models.instants import write_instant
from reports.document import document
from reports.page import page_of, parts_of
from reports.table import CountedEntry, Report
from usecases.reporting import UnknownNameError, Wanted, only, report

KEPT_SECONDS = 60.0
_MOST_KEPT = 12
"""Reports in memory: one on 100,000 leads takes some 100 MB."""

_kept: OrderedDict[tuple[str, Wanted], tuple[float, Report]] = OrderedDict()
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A report as a part of a page."""

    title: str
    html: str
    as_of: datetime
    pinned: Wanted
    """The same question as of the same instant: its answer stays the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPage:
    """A page of the entries that a figure counts."""

    title: str
    """Of the table."""
    entries: tuple[CountedEntry, ...]
    total: int
    as_of: datetime


def report_page(address: str, wanted: Wanted, now: datetime, path: str) -> ReportPage:
    """The report as HTML. Its figures link to their lists below `path`.

    Raises UnknownNameError.
    """
    found = kept_report(address, wanted, now)
    pinned = replace(wanted, as_of=write_instant(found.as_of))

    def link(table: int, row: str, column: str) -> str:
        asked = [*query_of(pinned), ("table", str(table)), ("row", row), ("column", column)]
        return f"{path}/{wanted.name}/leads?{urlencode(asked)}"

    html = parts_of(found, leads=False, link=link)
    return ReportPage(title=found.title, html=html, as_of=found.as_of, pinned=pinned)


def report_csv(address: str, wanted: Wanted, now: datetime) -> str:
    """The report as a CSV file. Raises UnknownNameError."""
    return "".join(csv_of(kept_report(address, wanted, now), leads=False))


def report_answer(  # noqa: PLR0917  # it is called by place, in another process
    address: str,
    wanted: Wanted,
    now: datetime,
    row: str | None,
    column: str | None,
    form: Literal["json", "csv", "html"],
    leads: bool,  # noqa: FBT001  # likewise
) -> str:
    """The report, or this row or column of it, as JSON, CSV or a page. Raises UnknownNameError."""
    found = only(kept_report(address, wanted, now), row, column)
    if form == "csv":
        return "".join(csv_of(found, leads=leads))
    if form == "html":
        return page_of(found, leads=leads)
    return json.dumps(document(found, leads=leads), ensure_ascii=False)


def counted_page(  # noqa: PLR0917  # it is called by place, in another process
    address: str,
    wanted: Wanted,
    now: datetime,
    table: int,
    row: str,
    column: str,
    number: int,
    size: int,
) -> CountedPage:
    """A page of the entries that a figure counts. Raises UnknownNameError."""
    found = kept_report(address, wanted, now)
    for one in found.tables[table : table + 1]:
        for line in one.rows:
            if line.name == row and column in one.columns:
                items = line.cells[one.columns.index(column)].items
                return CountedPage(
                    title=one.title,
                    entries=items[(number - 1) * size : number * size],
                    total=len(items),
                    as_of=found.as_of,
                )
    raise UnknownNameError("row", "this report has no such figure")


def kept_report(
    address: str, wanted: Wanted, now: datetime, clock: Callable[[], float] = time.monotonic
) -> Report:
    """A report, computed less than a minute ago or now. Raises UnknownNameError."""
    with _one_at_a_time:
        for key, (at, _) in list(_kept.items()):
            if clock() - at > KEPT_SECONDS:
                del _kept[key]
        if (known := _kept.get((address, wanted))) is not None:
            return known[1]
        database = open_database(address)
        try:
            found = report(database, SqlPrograms(database), wanted, now)
        finally:
            database.close()
        for asked in (wanted, replace(wanted, as_of=write_instant(found.as_of))):
            _kept[address, asked] = (clock(), found)
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
        return found


def query_of(wanted: Wanted) -> list[tuple[str, str]]:
    """What a report is asked, as the query of a URL."""
    found = [
        (name, value)
        for name in ("program", "since", "until", "as_of")
        if (value := getattr(wanted, name)) is not None
    ]
    return [*found, *(("by", one) for one in wanted.by)]
