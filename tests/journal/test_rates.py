"""Rates of mail on both databases, with many requests at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from adapters.sql.database import Database, open_database
from adapters.sql.rates import SqlRates, spacing
from models.durations import Rate, parse_cap
from models.tables.columns import table_of
from models.tables.mail import RateSlot

_R = table_of(RateSlot)
NONE, LONG = timedelta(0), timedelta(days=1)
SECOND, MINUTE = parse_cap("60 per 1m"), parse_cap("60 per 1h")


@pytest.fixture
def rates(database: Database) -> SqlRates:
    return SqlRates(database)


@pytest.fixture
def other_worker(url: str) -> Iterator[SqlRates]:
    opened = open_database(url)
    yield SqlRates(opened)
    opened.close()


def test_each_of_many_requests_gets_a_place_of_its_own(
    rates: SqlRates, other_worker: SqlRates
) -> None:
    def place(number: int) -> tuple[datetime, datetime]:
        worker = (rates, other_worker)[number % 2]
        asked = datetime.now(UTC)
        wait = worker.reserve({"program/acme": MINUTE}, LONG).wait
        return asked + wait, datetime.now(UTC) + wait

    with ThreadPoolExecutor(8) as threads:
        places = list(threads.map(place, range(40)))
    # A place is given as a wait, so it is only known to lie between two instants, which are far
    # apart on a busy machine. One first place must fit all of them, each a minute after another.
    minutes = [timedelta(minutes=number) for number in range(40)]
    earliest = [
        at - later for at, later in zip(sorted(at for at, _ in places), minutes, strict=True)
    ]
    latest = [at - later for at, later in zip(sorted(at for _, at in places), minutes, strict=True)]
    assert max(earliest) <= min(latest) + timedelta(milliseconds=10)


def test_a_place_beyond_ones_patience_is_left_to_others(rates: SqlRates) -> None:
    assert rates.reserve({"program/acme": MINUTE}, NONE).wait == NONE
    waits = [rates.reserve({"program/acme": MINUTE}, NONE).wait for _ in range(3)]
    assert all(NONE < wait <= timedelta(seconds=60) for wait in waits)
    assert waits == sorted(waits, reverse=True)
    assert rates.reserve({"program/acme": MINUTE}, LONG).wait <= waits[-1]


def test_a_domain_that_is_used_up_takes_no_place_from_the_program(rates: SqlRates) -> None:
    program, domain = {"program/acme": SECOND}, parse_cap("60 per 1h")
    patience = timedelta(seconds=5)
    assert rates.reserve(program | {"domain/x.example": domain}, patience).wait == NONE
    for _ in range(10):
        wait = rates.reserve(program | {"domain/x.example": domain}, patience).wait
        assert timedelta(seconds=5) < wait <= timedelta(seconds=60)
    other = rates.reserve(program | {"domain/y.example": domain}, patience).wait
    assert other <= timedelta(seconds=1)


def test_nothing_is_saved_up_while_no_mail_goes(rates: SqlRates, database: Database) -> None:
    rates.reserve({"program/acme": MINUTE}, NONE)
    long_ago = datetime.now(UTC) - timedelta(days=3)
    with database.write() as connection:
        connection.execute(sa.update(_R).values(next_at=long_ago))
    assert rates.reserve({"program/acme": MINUTE}, NONE).wait == NONE
    assert rates.reserve({"program/acme": MINUTE}, NONE).wait > timedelta(seconds=5)


def test_without_a_rate_nothing_waits(rates: SqlRates) -> None:
    assert [rates.reserve({}, NONE).wait for _ in range(3)] == [NONE] * 3


@pytest.mark.parametrize("text", ["600 per 1m", "7 per 1m", "3 per 7d", "999999999 per 1d"])
def test_no_window_holds_more_than_the_rate(text: str) -> None:
    rate = parse_cap(text)
    assert rate.per is not None
    assert rate.most * spacing(rate) >= rate.per.elapsed


def test_a_rate_of_mail_needs_a_period() -> None:
    with pytest.raises(ValueError, match="has a period"):
        spacing(Rate(5, None))


def test_a_clock_that_was_ahead_holds_up_no_mail(rates: SqlRates, database: Database) -> None:
    assert rates.reserve({"program/acme": SECOND}, NONE).wait == NONE
    with database.write() as connection:
        ahead = datetime.now(UTC) + timedelta(hours=2)
        connection.execute(sa.update(_R).values(next_at=ahead))
    patience = timedelta(seconds=5)
    waits = [rates.reserve({"program/acme": SECOND}, patience).wait for _ in range(3)]
    assert [round(wait.total_seconds()) for wait in waits] == [1, 2, 3]


def test_a_place_that_is_given_back_is_the_next_one(rates: SqlRates) -> None:
    both = {"domain/x.example": MINUTE, "program/acme": SECOND}
    place = rates.reserve(both, NONE)
    rates.give_back(both, place)
    assert rates.reserve(both, NONE).wait == NONE
    assert rates.reserve(both, NONE).wait > timedelta(seconds=5)


def test_a_place_is_not_given_back_past_one_that_is_promised(rates: SqlRates) -> None:
    first = rates.reserve({"program/acme": SECOND}, LONG)
    second = rates.reserve({"program/acme": SECOND}, LONG)
    rates.give_back({"program/acme": SECOND}, first)
    third = rates.reserve({"program/acme": SECOND}, LONG)
    assert third.wait > second.wait
