"""The desk on a fresh SQLite database, called in this process."""

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
from tests.desk.simulated_leads import (
    PEOPLE,
    DeskBrowser,
    MovableClock,
    SimulatedLeads,
    sign_in_browser,
)
from tests.fakes import FakeMailer
from tests.gateway.conftest import database, gateway_template, mailer
from tests.gateway.gateway_context import CONFIG, gateway_context
from tests.gateway.stored_rows import NOW
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
def leads(context: Context, acme: Program, clock: MovableClock) -> SimulatedLeads:
    """Leads that follow the real rules."""
    return SimulatedLeads(context, acme, clock)


@pytest.fixture
def owner(leads: SimulatedLeads) -> str:
    """The owner of the lead `ana`, which was just handed over."""
    leads.lead("ana")
    return str(leads.state("ana").owner)


@pytest.fixture
async def browser(
    context: Context, leads: SimulatedLeads
) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Opens browsers, each with its own cookies."""
    app = build_app(context, leads, config=CONFIG)
    async with AsyncExitStack() as opened:

        def open_browser() -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="https://go.acme.example")
            opened.push_async_callback(client.aclose)
            return client

        yield open_browser


@pytest.fixture
def http(browser: Callable[[], httpx.AsyncClient]) -> httpx.AsyncClient:
    """A browser in which nobody is signed in."""
    return browser()


@pytest.fixture
def sign_in(browser: Callable[[], httpx.AsyncClient], context: Context) -> SignIn:
    """Signs people in, each in their own browser."""

    def sign_in_person(person: str) -> DeskBrowser:
        return sign_in_browser(browser(), context, person)

    return sign_in_person
