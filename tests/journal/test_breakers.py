"""Circuit breakers of mail, on both databases, shared by workers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from activities.circuit_breaker import FIRST_PROBE, SERIES
from adapters.sql.breakers import SqlBreakers
from adapters.sql.database import Database, open_database
from models.tables.columns import table_of
from models.tables.mail import BreakerRow

_B = table_of(BreakerRow)
ROUTES = ("program/acme", "domain/x.example")


@pytest.fixture
def breakers(database: Database) -> SqlBreakers:
    return SqlBreakers(database)


@pytest.fixture
def other_worker(url: str) -> Iterator[SqlBreakers]:
    opened = open_database(url)
    yield SqlBreakers(opened)
    opened.close()


def refuse(breakers: SqlBreakers, number: int) -> list[str]:
    _, opened = breakers.refused(ROUTES, f"ana{number}@x.example", "about_us", "550 relay")
    return [one.route for one in opened]


def test_workers_that_are_refused_at_once_open_a_route_once(
    breakers: SqlBreakers, other_worker: SqlBreakers
) -> None:
    workers = (breakers, other_worker)
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda number: refuse(workers[number % 2], number), range(12)))
    assert [one for each in opened for one in each] == ["domain/x.example"]
    (found,) = other_worker.open_routes()
    assert (found.route, found.why) == ("domain/x.example", "550 relay")


def test_of_all_workers_mails_one_is_the_probe(
    breakers: SqlBreakers, other_worker: SqlBreakers, database: Database
) -> None:
    for number in range(SERIES):
        refuse(breakers, number)
    wait = other_worker.wait(ROUTES)
    assert wait is not None
    assert timedelta(0) < wait <= FIRST_PROBE
    with database.write() as connection:
        connection.execute(sa.update(_B).values(probe_at=datetime.now(UTC)))
    waits = [one.wait(ROUTES) for one in (breakers, other_worker, breakers)]
    assert sorted(waits, key=str).count(timedelta(0)) == 1


def test_an_accepted_mail_closes_the_route_for_all_workers(
    breakers: SqlBreakers, other_worker: SqlBreakers
) -> None:
    for number in range(SERIES):
        refuse(breakers, number)
    assert "domain/x.example" in [one.route for one in other_worker.accepted(ROUTES) if one.is_open]
    assert breakers.wait(ROUTES) is None
    assert breakers.open_routes() == ()
    assert other_worker.accepted(ROUTES) == ()


def test_an_address_is_not_stored_as_it_is(breakers: SqlBreakers, database: Database) -> None:
    refuse(breakers, 1)
    with database.read() as connection:
        rows = connection.execute(sa.select(_B)).all()
    assert "ana1" not in str(rows)
