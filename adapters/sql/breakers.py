"""Circuit breakers of mail, kept by all workers together: one row a route that had a refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from activities.circuit_breaker import (
    Breaker,
    Evidence,
    RefusedAddress,
    after_acceptance,
    after_refusal,
    probing,
    wait,
)
from adapters.sql.database import Database
from models.tables.columns import table_of
from models.tables.mail import BreakerRow

_B = table_of(BreakerRow)


class SqlBreakers:
    """Which routes of mail are stopped. Instants are by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wait(self, routes: Sequence[str]) -> timedelta | None:
        """How long a mail on these routes waits; None if they are closed.

        Nothing to wait for means that this mail is the probe. No other mail is one until the next.
        """
        with self._database.read() as connection:
            if not _any_open(connection, routes):
                return None
        with self._database.write() as connection:
            now = self._database.now(connection)
            found = _locked(connection, routes)
            waits = wait(found, now)
            if waits == timedelta(0):
                for one in found:
                    self._write(connection, probing(one, now))
        return waits

    def accepted(self, routes: Sequence[str]) -> tuple[Breaker, ...]:
        """Record that a mail was accepted; which routes were open until now."""
        with self._database.read() as connection:
            if not connection.scalar(sa.select(sa.exists(_B.c.route).where(_troubled(routes)))):
                return ()
        before, _ = self._changed(routes, after_acceptance, known_only=True)
        return tuple(before.values())

    def refused(
        self, routes: Sequence[str], address: str, evidence: Evidence, why: str
    ) -> tuple[tuple[Breaker, ...], tuple[Breaker, ...]]:
        """Record a refusal: the routes after it, and those that it opened."""
        one = RefusedAddress(
            address=hashlib.sha256(address.lower().encode()).hexdigest()[:16],
            domain=address.rpartition("@")[2].lower(),
            evidence=evidence,
        )

        def refused(breaker: Breaker, now: datetime) -> Breaker:
            return after_refusal(breaker, one, why, now)

        before, after = self._changed(routes, refused, known_only=False)
        opened = [each for each in after.values() if each.is_open > before[each.route].is_open]
        return tuple(after[route] for route in routes), tuple(opened)

    def open_routes(self) -> tuple[Breaker, ...]:
        """The routes whose mail waits, by name."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(_B).where(_B.c.opened_at.is_not(None)).order_by(_B.c.route)
            )
            return tuple(map(_breaker, rows.mappings().all()))

    def _changed(
        self,
        routes: Sequence[str],
        change: Callable[[Breaker, datetime], Breaker],
        *,
        known_only: bool,
    ) -> tuple[dict[str, Breaker], dict[str, Breaker]]:
        """Change these routes in one transaction; how they were before, and are now."""
        with self._database.write() as connection:
            if not known_only:
                connection.execute(
                    self._database.upsert(_B).on_conflict_do_nothing(),
                    [_row(Breaker(route=route)) for route in sorted(routes)],
                )
            now = self._database.now(connection)
            before = {one.route: one for one in _locked(connection, routes)}
            after = {route: change(one, now) for route, one in before.items()}
            for one in after.values():
                self._write(connection, one)
        return before, after

    def _write(self, connection: sa.Connection, breaker: Breaker) -> None:
        connection.execute(sa.update(_B).where(_B.c.route == breaker.route).values(_row(breaker)))


def _troubled(routes: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(_B.c.route.in_(routes), _B.c.refusals > 0)


def _any_open(connection: sa.Connection, routes: Sequence[str]) -> bool:
    query = sa.select(
        sa.exists(_B.c.route).where(_B.c.route.in_(routes), _B.c.opened_at.is_not(None))
    )
    return bool(connection.scalar(query))


def _locked(connection: sa.Connection, routes: Sequence[str]) -> tuple[Breaker, ...]:
    """The routes' rows in one order, so that two mails can't deadlock."""
    query = sa.select(_B).where(_B.c.route.in_(routes)).order_by(_B.c.route).with_for_update()
    return tuple(map(_breaker, connection.execute(query).mappings().all()))


def _row(breaker: Breaker) -> dict[str, Any]:
    return {**asdict(breaker), "refusals": len(breaker.series)}


def _breaker(row: sa.RowMapping) -> Breaker:
    known = {name: value for name, value in row.items() if name != "refusals"}
    series = tuple(RefusedAddress(**one) for one in row["series"])
    return Breaker(**{**known, "series": series})
