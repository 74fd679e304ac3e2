"""The desk over a fresh SQLite database, asked in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from adapters.files.program import read_program
from adapters.sql.database import Database
from gateway.app import build_app
from models.directory import Directory
from models.program.program import Program
from tests.desk.lived_leads import PEOPLE, DeskBrowser, LivedLeads, MovableClock, signed_in
from tests.fakes import FakeMailer
from tests.gateway.conftest import database, gateway_template, mailer
from tests.gateway.gateway_context import CONFIG, gateway_context
from tests.gateway.senders import NOW
from usecases.context import Context

__all__ = ["database", "gateway_template", "mailer"]

ROOT = Path(__file__).parents[2]

SignIn = Callable[[str], DeskBrowser]


@pytest.fixture(scope="session")
def acme() -> Program:
    return read_program(ROOT / "programs" / "acme.yaml")


@pytest.fixture
def clock() -> MovableClock:
    """A Monday, nine o'clock in New York."""
    return MovableClock(NOW)


@pytest.fixture
def context(database: Database, mailer: FakeMailer, clock: MovableClock) -> Context:
    found = replace(gateway_context(database, mailer), now=clock)
    found.people.apply(Directory.model_validate(PEOPLE))
    return found


@pytest.fixture
def leads(context: Context, acme: Program, clock: MovableClock) -> LivedLeads:
    """Leads by the real rules."""
    return LivedLeads(context, acme, clock)


@pytest.fixture
async def browser(
    context: Context, leads: LivedLeads
) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Makes browsers, each with cookies of its own."""
    app = build_app(context, leads, config=CONFIG)
    async with AsyncExitStack() as opened:

        def made() -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="https://go.acme.example")
            opened.push_async_callback(client.aclose)
            return client

        yield made


@pytest.fixture
def http(browser: Callable[[], httpx.AsyncClient]) -> httpx.AsyncClient:
    """Somebody who is not signed in."""
    return browser()


@pytest.fixture
def sign_in(browser: Callable[[], httpx.AsyncClient], context: Context) -> SignIn:
    """Signs people in, each in a browser of their own."""

    def made_for(person: str) -> DeskBrowser:
        return signed_in(browser(), context, person)

    return made_for
