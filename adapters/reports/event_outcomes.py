"""What became of an event that was accepted from outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from adapters.reports.queries import rows
from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.intake import IntakeItem
from models.tables.leads import TimelineEntry

_E = table_of(TimelineEntry)
_I = table_of(IntakeItem)

Outcome = Literal["waiting", "delivered", "recorded", "ignored", "given_up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    """How far an event has come.

    `waiting`: stored, and not sent to the lead yet. `delivered`: the lead has it, and its next turn
    takes it. `recorded` and `ignored`: it is on the timeline. `given_up`: it reached nobody.
    """

    outcome: Outcome
    arrived: datetime | None
    """When it was accepted (the program's clock); None if that is longer ago than is kept."""
    why: str | None
    """Why it waits, was ignored or was given up."""
    seq: int | None
    """The number of its timeline entry."""


class SqlEventOutcomes:
    """Outcomes from the intake and the timeline."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, lead: str, event: str) -> EventOutcome | None:
        """The outcome of a lead's event; None if no such event is known."""
        entries = rows(
            self._database,
            sa.select(_E.c.seq, _E.c.kind, _E.c.at, _E.c.fields)
            .where(_E.c.lead == lead, _E.c.event == event)
            .order_by(_E.c.seq)
            .limit(1),
        )
        items = rows(
            self._database,
            sa.select(_I.c.arrived, _I.c.done, _I.c.why).where(
                _I.c.lead == lead, _I.c.item == event, _I.c.kind == "event"
            ),
        )
        arrived = items[0]["arrived"] if items else None
        if entries:
            kind, why = entries[0]["kind"], entries[0]["fields"].get("why")
            outcome: Outcome = "ignored" if kind == "ignored" else "recorded"
            return EventOutcome(outcome=outcome, arrived=arrived, why=why, seq=entries[0]["seq"])
        if not items:
            return None
        done, why = items[0]["done"], items[0]["why"]
        outcome = "waiting" if done is None else "delivered" if why is None else "given_up"
        return EventOutcome(outcome=outcome, arrived=arrived, why=why, seq=None)
