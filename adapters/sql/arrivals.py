"""When acts and events arrived at our doors, as stored then: nobody can say it otherwise later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from activities.ports import Arrived
from adapters.sql.database import Database
from models.instants import whole_second
from models.tables.columns import table_of
from models.tables.intake import ActArrival, IntakeItem

_A = table_of(ActArrival)
_I = table_of(IntakeItem)

_ASKED = timedelta(seconds=30)
"""Longer than a door waits for an answer. An act whose door died holds its lead up for so long."""


class SqlArrivals:
    """The arrivals of acts that have no answer yet, and of events in the intake."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, lead: str, act: str, said: str, arrived: datetime) -> None:
        """Store when an act arrived, before the lead is asked; the first arrival stands.

        `said` is a fingerprint of what the act says. `arrived` is by the program's clock.
        """
        row = {"lead": lead, "act": act, "said": said, "arrived": arrived}
        with self._database.write() as connection:
            now = self._database.now(connection)
            insert = self._database.upsert(_A).values(**row, asked=now)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=[_A.c.lead, _A.c.act], set_={"asked": insert.excluded.asked}
                )
            )

    def left(self, lead: str, act: str, do: str, message: Mapping[str, Any]) -> None:
        """Store an act that was left for its lead as a signal, as an intake item that was told.

        If the signal is lost, because Temporal is restored, `leadflow reconcile` tells it again.
        """
        with self._database.write() as connection:
            now = self._database.now(connection)
            arrived = connection.scalar(
                sa.select(_A.c.arrived).where(_A.c.lead == lead, _A.c.act == act)
            )
            row = {
                "lead": lead,
                "item": f"act/{act}",
                "kind": "act",
                "body": {**message, "do": do},
                "arrived": whole_second(arrived or now),  # as timelines have it
                "ready": now,
                "tries": 1,
                "done": now,
            }
            insert = self._database.upsert(_I).values(**row)
            connection.execute(insert.on_conflict_do_nothing())

    def forget(self, lead: str, act: str) -> None:
        """Forget an act that was answered: its id can't bring an early instant any more."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_A).where(_A.c.lead == lead, _A.c.act == act))

    def asked(self, lead: str, due: datetime) -> Sequence[str]:
        """The ids of acts that arrived by `due` (program clock) and are being asked now."""
        query = sa.select(_A.c.act).where(_A.c.lead == lead, _A.c.arrived <= due)
        with self._database.read() as connection:
            since = self._database.now(connection) - _ASKED
            return list(connection.scalars(query.where(_A.c.asked >= since)))

    def of(
        self, lead: str, *, acts: Sequence[Arrived], events: Sequence[str]
    ) -> Mapping[Arrived | str, datetime]:
        """When these acts (id and fingerprint) and events (ids) arrived, as far as is stored."""
        found: dict[Arrived | str, datetime] = {}
        with self._database.read() as connection:
            if acts:
                query = sa.select(_A.c.act, _A.c.said, _A.c.arrived).where(
                    _A.c.lead == lead, _A.c.act.in_([act for act, _ in acts])
                )
                rows = {(row.act, row.said): row.arrived for row in connection.execute(query)}
                found.update({one: rows[one] for one in acts if one in rows})
            if events:
                query = sa.select(_I.c.item, _I.c.arrived).where(
                    _I.c.lead == lead, _I.c.kind == "event", _I.c.item.in_(events)
                )
                found.update({row.item: row.arrived for row in connection.execute(query)})
        return found
