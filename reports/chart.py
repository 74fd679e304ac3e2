"""Figures as small bars in SVG, which need no JavaScript."""

from __future__ import annotations

from reports.table import ReportCell

_WIDE, _HIGH = 96, 10


def bar(cell: ReportCell, most: float) -> str:
    """A bar as long as the figure is of `most`, with its interval as a line; empty without one."""
    if cell.figure is None or most <= 0 or cell.form == "text":
        return ""
    scale = _WIDE / most
    drawn = f'<rect width="{min(_WIDE, cell.figure * scale):.1f}" height="{_HIGH}" rx="2"/>'
    if cell.interval is not None:
        low, high = (min(_WIDE, max(0.0, end * scale)) for end in cell.interval)
        middle = _HIGH / 2
        drawn += f'<path d="M{low:.1f} {middle}H{high:.1f}"/>'
    return _svg(_WIDE, _HIGH, drawn)


def _svg(wide: int, high: int, drawn: str) -> str:
    size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
    return f'<svg aria-hidden="true" {size}>{drawn}</svg>'
