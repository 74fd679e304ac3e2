"""Turns as the rules would decide them, for tests of how they are stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from activities.ports import Fence
from adapters.sql.database import Database
from models.decision import Assign, Decision, Entry, Wake
from models.state import HandoffState, LeadState

NOW = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""A Monday, 09:00 in New York."""

FENCE = Fence(run=1_772_460_000_000_000, length=10)
NEWER = Fence(run=FENCE.run, length=20)


def lead_state(lead: str = "ana", **changes: Any) -> LeadState:
    values: dict[str, Any] = {
        "program": "acme",
        "digest": "d" * 64,
        "at": NOW,
        "created": NOW,
        "since": NOW,
        "profile": {"email": f"{lead}@northwind.example"},
    }
    return LeadState(lead=lead, **values | changes)


def turn(
    number: int,
    *kinds: str | tuple[str, dict[str, Any]],
    before: int = 0,
    lead: str = "ana",
    at: datetime = NOW,
    wake: Wake | None = None,
    **changes: Any,
) -> Decision:
    """The turn `number` with these entries, `before` of which were there already."""
    given = [(kind, {}) if isinstance(kind, str) else kind for kind in kinds]
    entries = tuple(
        Entry(seq=before + place, at=at, kind=kind, fields=fields)
        for place, (kind, fields) in enumerate(given, start=1)
    )
    return Decision(
        state=lead_state(lead, turn=number, seq=before + len(entries), **changes),
        entries=entries,
        wake=wake,
    )


def event_entry(name: str) -> tuple[str, dict[str, Any]]:
    return "event", {"event": name, "type": "page.viewed", "subject": "/pricing", "points": 2.0}


def handoff(number: int = 1, **changes: Any) -> HandoffState:
    values: dict[str, Any] = {"team": "sdr", "opened": NOW}
    return HandoffState(number=number, **values | changes)


def assign_command(key: str, **changes: Any) -> Assign:
    values: dict[str, Any] = {"at": NOW, "handoff": 1, "team": "sdr", "timezone": "UTC"}
    return Assign(key=key, **values | changes)


def after(**length: float) -> datetime:
    return NOW + timedelta(**length)


def read_rows(database: Database, query: str) -> list[dict[str, Any]]:
    with database.read() as connection:
        return [dict(row) for row in connection.execute(sa.text(query)).mappings()]
