"""Targets: names that no report knows, and numbers that should be shares."""

from __future__ import annotations

from adapters.documents.marked import Node
from models.near_names import meant

_SHARES = ("marketing_sourced_pipeline", "accepted_within_sla", "mql_to_sal")
_NUMBERS = ("touches_to_opportunity",)


def check_targets(root: Node) -> None:
    """Report each target that no report compares with what happened (docs/reports.md)."""
    for name, target in root.get("targets").items():
        if name not in (*_SHARES, *_NUMBERS):
            target.report(
                f"no report knows the target '{name}'; {meant(name, (*_SHARES, *_NUMBERS))}",
                key=True,
            )


def warn_of_odd_targets(root: Node) -> None:
    """Warn of each target whose value is not of the kind of its figure."""
    for name, target in root.get("targets").items():
        if name in _SHARES and isinstance(target.value, int | float):
            value = target.value
            share = f"{value * 100:.9g}%" if value <= 1 else f"{value:.9g}%"
            target.warn(f"'{name}' is a share and {value:g} is none; write {share}")
        elif name in _NUMBERS and target.text is not None:
            target.warn(f"'{name}' is a number of touches and no share; write one like 8")
