"""Figures as small bars and lines in SVG, which need no JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

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


def line(figures: Sequence[float | None], target: float | None, label: str) -> str:
    """Figures one after the other as a line with dots, and the target as a dashed line.

    Where there is no figure, the line has a gap.
    """
    known = [one for one in (*figures, target) if one is not None]
    if not known:
        return ""
    wide, high, edge = 240, 48, 4
    most = max(known) or 1.0

    def place(number: int, figure: float) -> str:
        across = edge + number * (wide - 2 * edge) / max(1, len(figures) - 1)
        return f"{across:.1f} {high - edge - figure / most * (high - 2 * edge):.1f}"

    drawn = ""
    if target is not None:
        drawn += f'<path class="target" d="M{place(0, target)}L{place(len(figures) - 1, target)}"/>'
    for number, (one, after) in enumerate(pairwise(figures)):
        if one is not None and after is not None:
            drawn += f'<path d="M{place(number, one)}L{place(number + 1, after)}"/>'
    for number, one in enumerate(figures):
        if one is not None:
            across, down = place(number, one).split()
            drawn += f'<circle cx="{across}" cy="{down}" r="2"/>'
    return _svg(wide, high, drawn, label)


def _svg(wide: int, high: int, drawn: str, label: str = "") -> str:
    said = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return f'<svg {said} width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">{drawn}</svg>'
