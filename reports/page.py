"""A report as a page of HTML that needs nothing else: no script, no image, no other file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

from reports.chart import bar
from reports.figures import head, written
from reports.table import Report, ReportCell, ReportRow, Table

STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--quiet:#5a6575;--rule:#d8dde5;--bar:#3b6fb6;
--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--quiet:#a4afbe;--rule:#39424f;--bar:#7fa9e0;
--page:#14181e}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:2rem auto;
max-width:76rem;padding:0 1rem}
.report .wide{overflow-x:auto}
.report table{border-collapse:collapse;font-variant-numeric:tabular-nums}
.report th,.report td{padding:.3rem .7rem;border-bottom:1px solid var(--rule);text-align:right;
vertical-align:top;white-space:nowrap}
.report th:first-child{text-align:left}
.report .words{white-space:normal;text-align:left;min-width:14rem}
.report p{color:var(--quiet);max-width:70ch;margin:.3rem 0}
.report svg{display:block;margin-left:auto}
.report svg rect,.report svg circle{fill:var(--bar)}
.report svg path{stroke:var(--ink);stroke-width:1;fill:none}
.report svg .target{stroke-dasharray:4 3;stroke:var(--quiet)}
.report summary{cursor:pointer}
"""


Link = Callable[[int, str, str], str]
"""The URL of a figure's list, by the place of its table and the names of its row and column."""


def page_of(report: Report, *, leads: bool) -> str:
    """The whole page; with `leads`, each figure opens to the list of what it counts."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(report.title)}</h1>{parts_of(report, leads=leads)}"
        "</main></body></html>\n"
    )


def parts_of(report: Report, *, leads: bool, link: Link | None = None) -> str:
    """Its head and its tables, to stand in a page; with `link`, each figure links to its list."""
    said = "".join(f"<p>{escape(line)}</p>" for line in head(report))
    tables = "".join(
        _table(table, leads=leads, link=partial(link, n) if link else None)
        for n, table in enumerate(report.tables)
    )
    return f'<div class="report">{said}{tables or "<p>Nothing to report.</p>"}</div>'


def _table(table: Table, *, leads: bool, link: Callable[[str, str], str] | None) -> str:
    most = [_scale(n, table) for n in range(len(table.columns))]
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(_row(row, table.columns, most, leads=leads, link=link) for row in table.rows)
    return (
        f"<h2>{escape(table.title)}</h2><p>{escape(table.definition)}</p>"
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f'<table><thead><tr><th scope="col">{escape(table.head)}</th>{names}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _scale(column: int, table: Table) -> float:
    """How much a whole bar of this column is: 100 % of a share, else the greatest figure."""
    cells = [row.cells[column] for row in table.rows]
    if any(cell.form == "share" for cell in cells):
        return 1.0
    return max((cell.figure or 0.0 for cell in cells), default=0.0)


def _row(
    row: ReportRow,
    columns: Sequence[str],
    most: list[float],
    *,
    leads: bool,
    link: Callable[[str, str], str] | None,
) -> str:
    cells = "".join(
        _cell(cell, n, leads=leads, path=link(row.name, column) if link else "")
        for cell, column, n in zip(row.cells, columns, most, strict=True)
    )
    return f'<tr><th scope="row">{escape(row.name)}</th>{cells}</tr>'


def _cell(cell: ReportCell, most: float, *, leads: bool, path: str) -> str:
    text = escape(written(cell))
    if path and cell.items:
        text = f'<a class="number" href="{escape(path)}">{text}</a>'
    if leads and cell.items:
        listed = "".join(f"<li>{escape(one.lead)}, entry {one.seq}</li>" for one in cell.items)
        text = f"<details><summary>{text}</summary><ol>{listed}</ol></details>"
    if cell.form == "text":
        return f'<td class="words">{text}</td>'
    return f"<td>{text}{bar(cell, most)}</td>"
