"""How a figure is written for people."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from reports.proportions import Interval
from reports.table import Form, Report, ReportCell

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
NOTHING = "–"
"""Where there is nothing to compute a figure from."""


def written(cell: ReportCell, *, interval: bool = True) -> str:
    """The cell as text: `≥ 12 % (8–17)`, `3`, `2.5 h`."""
    if cell.form == "text":
        return cell.words
    if cell.figure is None:
        return NOTHING
    text = f"{'≥ ' if cell.at_least else ''}{_figure(cell.figure, cell.form)}"
    if interval and cell.interval is not None:
        text += f" ({_interval(cell.interval, cell.form)})"
    return text


def _interval(interval: Interval, form: Form) -> str:
    if form == "share" and interval.low >= 0:
        return f"{interval.low * 100:.0f}–{interval.high * 100:.0f}"
    if form == "share":
        return f"{_rounded(interval.low * 100)} to {_rounded(interval.high * 100)}"
    return f"{_figure(interval.low, form)} to {_figure(interval.high, form)}"


def _figure(value: float, form: Form) -> str:
    if form == "share":
        return f"{_rounded(value * 100)} %"
    if form == "seconds":
        return _span(value)
    if form == "count":
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1_000 or value == int(value) else f"{value:,.1f}"


def _rounded(value: float) -> str:
    """Without decimals, and without the minus of a zero."""
    return f"{value:z.0f}"


def _span(seconds: float) -> str:
    if seconds >= _DAY:
        return f"{seconds / _DAY:.1f} d"
    if seconds >= _HOUR:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _MINUTE:.0f} min"


def head(report: Report) -> list[str]:
    """What one has to know to read the report, a sentence or two a line."""
    times = [f"as of {_local(report.as_of, report)}"]
    if report.since is not None:
        times.append(f"since {_local(report.since, report)}")
    if report.until is not None:
        times.append(f"until {_local(report.until, report)}")
    return [
        report.cohort,
        f"{', '.join(times)} ({report.timezone}).",
        f"n = {report.n:,} {report.unit}, {report.still_open:,} of them still open.",
        *report.notes,
    ]


def _local(at: datetime, report: Report) -> str:
    return f"{at.astimezone(ZoneInfo(report.timezone)):%Y-%m-%d %H:%M}"
