"""What is accepted from outside for leads: stored first, told to their workflows after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from adapters.database import Database
from models.tables import IntakeItem, table_of

_I = table_of(IntakeItem)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """Something for a lead that arrived from outside, checked already."""

    lead: str
    item: str
    """The event's id, which makes it one however often it comes; `lead/…` for a lead's data."""
    kind: Literal["event", "lead"]
    body: Mapping[str, Any]
    """An event as `models.messages.read_event` takes it; or `{program, profile}`."""
    arrived: datetime
    """By the program's clock."""
    delay: timedelta = timedelta(0)
    """Not told to the lead before it has lain so long (real time)."""


class SqlIntake:
    """The table of accepted items. What `accept` returned from is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(self, items: Sequence[NewItem]) -> list[bool]:
        """Store items in one transaction; False for each that was accepted before."""
        now = datetime.now(UTC)
        insert = (
            self._database.upsert(_I)
            .on_conflict_do_nothing(index_elements=[_I.c.lead, _I.c.item])
            .returning(_I.c.seq)
        )
        with self._database.write() as connection:
            return [
                connection.scalar(
                    insert.values(
                        lead=one.lead,
                        item=one.item,
                        kind=one.kind,
                        body=dict(one.body),
                        arrived=one.arrived,
                        ready=now + one.delay,
                        tries=0,
                        why=None,
                        done=None,
                    )
                )
                is not None
                for one in items
            ]
