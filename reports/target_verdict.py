"""How a figure stands to its target."""

from __future__ import annotations

from models.durations import Share
from reports.table import ReportCell, words


def wanted(target: Share | float) -> ReportCell:
    """The target, as the program writes it."""
    return words(str(target) if isinstance(target, Share) else f"{target:g}")


def met(figure: ReportCell, target: Share | float) -> ReportCell:
    """Whether the figure is the target or more."""
    least = float(target.value) if isinstance(target, Share) else target
    if figure.figure is None:
        return words("nothing yet")
    return words("yes" if figure.figure >= least else "not yet" if figure.at_least else "no")
