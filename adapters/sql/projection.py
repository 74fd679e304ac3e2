"""A lead's handoffs and tasks as rows, made from its whole timeline and its last state.

They are made again from the whole timeline and not updated row by row, so they always agree with
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from models.instants import parse_instant
from models.state import HandoffState, LeadState

HANDOFF_KINDS = frozenset({"handoff_opened", "assigned", "accepted", "breached"})
"""The entries that handoff rows are made of."""

TASK_KINDS = frozenset({"task_opened", "task_done", "merged"})
"""The entries that task rows are made of."""

Row = dict[str, Any]


def handoff_rows(
    state: LeadState, entries: Iterable[tuple[datetime, str, Mapping[str, Any]]]
) -> list[Row]:
    """One row for each handoff. `entries` are (at, kind, fields) of the handoff kinds, by seq."""
    rows: list[Row] = []
    for at, kind, fields in entries:
        if kind == "handoff_opened":
            rows.append(_opened(state.lead, at, fields))
        elif rows and fields.get("handoff", rows[-1]["number"]) == rows[-1]["number"]:
            # What was over when it came with a merged lead has no row.
            _apply(rows[-1], at, kind, fields)
    current = state.handoff
    for row in rows:
        row["over"] = current is None or row["number"] != current.number or current.over
    if rows and current is not None and rows[-1]["number"] == current.number:
        _set_current(rows[-1], state, current)
    return rows


def _opened(lead: str, at: datetime, fields: Mapping[str, Any]) -> Row:
    return {
        "lead": lead,
        "number": fields["handoff"],
        "team": fields.get("team"),
        "owner": None,
        "opened": at,
        "first_assigned": None,
        "assigned": None,
        "due": None,
        # It goes on from a lead that was merged into this one.
        "accepted": parse_instant(fields["accepted"]) if "accepted" in fields else None,
        "attempt": 0,
        "breaches": 0,
        "accept_breaches": 0,
        "late": False,
        "open_seconds": None,
        "system_seconds": None,
    }


def _apply(row: Row, at: datetime, kind: str, fields: Mapping[str, Any]) -> None:
    if kind == "assigned":
        row["owner"] = fields.get("owner")
        row["attempt"] = fields.get("attempt", row["attempt"])
        row["assigned"] = at
        if fields.get("due") is not None:  # a manager's reassignment may start no clock
            row["due"] = parse_instant(fields["due"])
        if row["first_assigned"] is None:
            row["first_assigned"] = at
            row["system_seconds"] = int((at - row["opened"]).total_seconds())
    elif kind == "breached":
        row["breaches"] += 1
        row["accept_breaches"] += fields.get("clock") == "accept"
    elif row["accepted"] is None:
        row["accepted"] = at
        row["owner"] = fields.get("by", row["owner"])
        row["late"] = bool(fields.get("late"))
        row["open_seconds"] = fields.get("open_seconds")


def _set_current(row: Row, state: LeadState, current: HandoffState) -> None:
    if not current.over:
        row["owner"] = state.owner
    for clock in current.clocks:
        if clock.name == "accept":
            row["due"] = clock.due  # a hold moves it later


def task_rows(
    state: LeadState, entries: Iterable[tuple[datetime, str, Mapping[str, Any]]]
) -> list[Row]:
    """One row for each task. `entries` are (at, kind, fields) of the task kinds, by seq."""
    rows: dict[str, Row] = {}
    for at, kind, fields in entries:
        if kind == "merged":
            if "into" in fields:  # open tasks went to that lead
                rows = {task: row for task, row in rows.items() if row["done"] is not None}
            continue
        task = fields["task"]
        if kind == "task_opened":
            rows[task] = {
                "lead": state.lead,
                "task": task,
                "task_kind": fields.get("task_kind", ""),
                "owner": fields.get("owner"),
                "team": fields.get("team"),
                "note": fields.get("note"),
                "name": fields.get("name"),
                "until": parse_instant(fields["until"]) if "until" in fields else None,
                "opened": at,
                "done": None,
            }
        elif task in rows:
            rows[task]["done"] = at
    return list(rows.values())
