"""Limits: a key that sends too many requests waits, and so does an address that guesses keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from adapters.sql.api_keys import SqlApiKeys
from adapters.sql.database import Database
from gateway.app import build_app
from gateway.requests.throttle import Limits, Pace, PaceMeter, Throttle
from tests.fakes import FakeActs
from tests.gateway.gateway_context import CONFIG
from tests.gateway.sales_keys import Header, header
from usecases.context import Context

LIMITS = Limits(
    requests=Pace(burst=3, per_second=0.001), wrong_keys=Pace(burst=2, per_second=0.001)
)


@dataclass
class ManualClock:
    """A clock that the test moves."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def app(context: Context, acts: FakeActs) -> FastAPI:
    return build_app(context, acts, LIMITS, config=CONFIG)


@asynccontextmanager
async def client_from(app: FastAPI | Throttle, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 1), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://go.acme.example") as one:
        yield one


def wrong_key(number: int) -> Header:
    return {"Authorization": f"Bearer lf_0a1b2c3d4e5f_{number}"}


async def test_a_key_that_asks_too_often_waits_and_no_other_does(
    app: FastAPI, database: Database
) -> None:
    greedy, modest = header(database, "admin"), header(database, "marketing")
    async with client_from(app, "192.0.2.1") as http:
        answers = [await http.get("/v1/leads", headers=greedy) for _ in range(5)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert "asks too often" in answers[-1].json()["detail"]
        assert 900 < int(answers[-1].headers["retry-after"]) <= 1_000
        assert (await http.get("/v1/leads", headers=modest)).status_code == 200
        assert (await http.get("/health", headers=greedy)).status_code == 200
    async with client_from(app, "192.0.2.2") as http:
        assert (await http.get("/v1/leads", headers=greedy)).status_code == 429


async def test_answers_to_a_key_show_what_is_left_of_its_limit(
    app: FastAPI, database: Database
) -> None:
    key = header(database, "admin")
    async with client_from(app, "192.0.2.1") as http:
        answers = [await http.get("/v1/leads", headers=key) for _ in range(4)]
    assert {one.headers["ratelimit-policy"] for one in answers} == {'"requests";q=3;w=3000'}
    left = [one.headers["ratelimit"].partition(";t=")[0] for one in answers]
    assert left == [f'"requests";r={number}' for number in (2, 1, 0, 0)]
    assert 2_900 < int(answers[-1].headers["ratelimit"].partition(";t=")[2]) <= 3_000


async def test_a_key_has_one_measure_on_all_routes_and_however_it_is_written(
    app: FastAPI, database: Database
) -> None:
    bearer = header(database, "admin")["Authorization"]
    key = bearer.partition(" ")[2]
    async with client_from(app, "192.0.2.1") as http:
        statuses = [
            (await http.get("/v1/leads", headers={"Authorization": bearer})).status_code,
            (await http.get("/v1/leads/x", headers={"Authorization": f"bearer {key}"})).status_code,
            (
                await http.post("/v1/events", json={}, headers={"Authorization": f"BEARER   {key}"})
            ).status_code,
            (await http.get("/v1/leads", headers={"Authorization": f"Bearer {key} "})).status_code,
        ]
    assert statuses == [200, 404, 422, 429]


async def test_an_address_that_guesses_keys_is_refused_for_a_while(
    app: FastAPI, database: Database
) -> None:
    good = header(database, "admin")
    async with client_from(app, "192.0.2.1") as http:
        guesses = [await http.get("/v1/leads", headers=wrong_key(one)) for one in range(4)]
        assert [one.status_code for one in guesses] == [401, 401, 429, 429]
        assert "too many wrong keys" in guesses[-1].json()["detail"]
        assert int(guesses[-1].headers["retry-after"]) > 900
        unseen = await http.get("/v1/leads", headers=good)
        assert unseen.status_code == 429, "a right guess must look like a wrong one"
    async with client_from(app, "192.0.2.2") as http:
        assert (await http.get("/v1/leads", headers=good)).status_code == 200


async def test_a_valid_key_is_not_delayed_by_guesses_from_the_same_proxy(
    app: FastAPI, database: Database
) -> None:
    good = header(database, "admin")
    async with client_from(app, "192.0.2.1") as http:
        assert (await http.get("/v1/leads", headers=good)).status_code == 200
        for one in range(4):
            await http.get("/v1/leads", headers=wrong_key(one))
        assert (await http.get("/v1/leads", headers=good)).status_code == 200
        assert SqlApiKeys(database).revoke(good["Authorization"].split("_")[1])
        assert (await http.get("/v1/leads", headers=good)).status_code == 401


async def test_valid_keys_and_requests_without_a_key_are_no_guesses(
    app: FastAPI, database: Database
) -> None:
    async with client_from(app, "192.0.2.1") as http:
        for _ in range(4):
            assert (await http.get("/v1/leads")).status_code == 401
        for _ in range(4):
            good = header(database, "admin")
            assert (await http.get("/v1/leads", headers=good)).status_code == 200


async def test_a_request_to_an_unknown_route_proves_no_key(app: FastAPI) -> None:
    async with client_from(app, "192.0.2.1") as http:
        nowhere = await http.get("/v1/nowhere", headers=wrong_key(1))
        assert nowhere.status_code == 404
        guesses = [await http.get("/v1/leads", headers=wrong_key(1)) for _ in range(2)]
        assert [one.status_code for one in guesses] == [401, 401]
        assert (await http.get("/v1/leads", headers=wrong_key(2))).status_code == 429


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
async def test_an_ipv6_network_counts_as_one_address(
    app: FastAPI, first: str, second: str, *, together: bool
) -> None:
    async with client_from(app, first) as http:
        for one in range(3):
            await http.get("/v1/leads", headers=wrong_key(one))
    async with client_from(app, second) as http:
        answer = await http.get("/v1/leads", headers=wrong_key(9))
    assert answer.status_code == (429 if together else 401)


async def test_a_guessed_login_of_a_webhook_counts_too(app: FastAPI) -> None:
    async with client_from(app, "192.0.2.1") as http:
        for one in range(3):
            await http.get("/v1/leads", headers={"Authorization": f"Basic {one}"})
        answer = await http.post("/v1/providers/postmark", headers={"Authorization": "Basic 9"})
    assert answer.status_code == 429


def test_a_burst_is_allowed_and_then_an_even_rate() -> None:
    clock = ManualClock()
    meter = PaceMeter(Pace(burst=3, per_second=2), clock)
    assert [meter.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert meter.take("b") == 0
    clock.now += 0.5
    assert [meter.take("a") for _ in range(2)] == [0, 0.5]
    clock.now += 60
    assert [meter.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_token_that_is_given_back_may_be_used_again() -> None:
    meter = PaceMeter(Pace(burst=1, per_second=1), ManualClock())
    assert meter.take("a") == 0
    meter.give_back("a")
    assert [meter.take("a"), meter.take("a")] == [0, 1]


def test_the_throttle_remembers_a_limited_number_of_callers() -> None:
    meter = PaceMeter(Pace(burst=1, per_second=1), ManualClock())
    for number in range(20_000):
        meter.take(str(number))
    assert meter.take("19999") == 1
    assert meter.take("0") == 0
