"""The shell with the real rules on a real server, over ports in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from adapters.program_file import read_program
from adapters.teams_file import read_directory
from adapters.temporal import Leads
from models.envelopes import Clock
from settings import Settings
from tests.fakes import FakePeople, FakePrograms, FakeWorld
from tests.workflows.stack import PROGRAMS, Stack
from worker import working


async def _stacked(client: Client, prefix: str, clock: Clock | None = None) -> AsyncIterator[Stack]:
    program = read_program(PROGRAMS / "acme.yaml")
    world = FakeWorld(
        programs=FakePrograms({program.digest: program}),
        people=FakePeople(read_directory(PROGRAMS / "teams.yaml")),
    )
    leads = Leads(client, world.journal, prefix=prefix, clock=clock)
    async with working(client, Settings(queue_prefix=prefix), world.ports):
        yield Stack(client=client, leads=leads, world=world, program=program, clock=clock)


@pytest.fixture(scope="session")
async def stack(dev_server: WorkflowEnvironment) -> AsyncIterator[Stack]:
    """Leads that live by the wall clock."""
    async for one in _stacked(dev_server.client, "fakes-"):
        yield one


@pytest.fixture(scope="session")
async def busy(dev_server: WorkflowEnvironment) -> AsyncIterator[Stack]:
    """Leads that begin on a Monday morning in New York and live twelve hours a second."""
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    clock = Clock(wall=datetime.now(UTC), program=monday, speed=43_200)
    async for one in _stacked(dev_server.client, "busy-", clock):
        yield one
