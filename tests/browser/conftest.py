"""A real headless Chromium at the desk of a real stack."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from adapters.sql.database import open_database
from adapters.temporal.client import Leads
from assembly.settings import Settings
from assembly.shipped import SHIPPED
from assembly.stack import Ports, running_stack
from models.envelopes import ProgramClock
from tests.browser.running_stack import RunningStack
from usecases.publishing import choose

_TIMEOUT_MS = 120_000
"""Milliseconds that a page is waited for."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # it makes no requests of its own
)
_MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
"""Nine o'clock in New York, when the office opens."""

_DESK_WORK = Path(__file__).parents[1] / "scenarios" / "programs" / "desk-work.yaml"
"""A program with a task for a team."""

At = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium. Without one these tests are skipped, but never where CI runs."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        status = "the desk is tested in a browser and there is none; install Debian's `chromium`"
        if os.environ.get("CI"):
            pytest.fail(status)
        pytest.skip(status)
    expect.set_options(timeout=_TIMEOUT_MS)
    async with async_playwright() as playwright:
        # Without a sandbox (the default): containers allow none, and all pages are ours.
        browser = await playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningStack]:
    """A stack in which a minute takes a second, from a Monday morning on."""
    settings = Settings(
        home=tmp_path_factory.mktemp("stack"), database_url="", log_level="error", public_url=""
    )
    clock = ProgramClock(wall=datetime.now(UTC), program=_MONDAY, speed=60)
    async with running_stack(settings, Ports(), clock=clock) as running:
        database = open_database(running.settings.database)
        files = (SHIPPED / "acme.yaml", Path(__file__).with_name("hasty.yaml"), _DESK_WORK)
        chosen = [choose(str(one), SHIPPED / "teams.yaml", database) for one in files]
        for one in chosen:
            one.publish(database)
        yield RunningStack(
            url=running.gateway,
            mail=running.mail,
            database=database,
            leads=Leads(running.client, running.world.journal, clock=clock),
            programs={one.program.program: one.program for one in chosen},
        )
        database.close()


@pytest.fixture
async def at(chromium: Browser, stack: RunningStack) -> AsyncIterator[At]:
    """Opens a browser of its own for somebody, signed in if a person is named.

    Whatever a page logs as an error, such as what its policy forbids, fails the test.
    """
    complaints: list[str] = []
    contexts = []

    async def opened(person: str | None = None, **options: Any) -> Page:
        context = await chromium.new_context(base_url=stack.url, **options)
        context.set_default_timeout(_TIMEOUT_MS)
        contexts.append(context)
        if person is not None:
            cookie = {"name": "leadflow", "value": stack.session(person), "url": stack.url}
            await context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda status: complaints.append(status.text) if _forbidden(status.text) else None,
        )
        return page

    yield opened
    for one in contexts:
        await one.close()
    assert complaints == []


def _forbidden(status: str) -> bool:
    """Whether a page's policy stopped something. Answers of 4xx are logged too, and allowed."""
    return "Content Security Policy" in status or "Refused to" in status
