"""The shell with the real rules on a real server, over ports in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from adapters.program_file import read_program
from adapters.teams_file import read_directory
from adapters.temporal import Leads
from settings import Settings
from tests.fakes import FakePeople, FakePrograms, FakeWorld
from tests.workflows.stack import PROGRAMS, Stack
from worker import working


@pytest.fixture(scope="session")
async def stack(dev_server: WorkflowEnvironment) -> AsyncIterator[Stack]:
    program = read_program(PROGRAMS / "acme.yaml")
    world = FakeWorld(
        programs=FakePrograms({program.digest: program}),
        people=FakePeople(read_directory(PROGRAMS / "teams.yaml")),
    )
    client = dev_server.client
    leads = Leads(client, world.journal, prefix="fakes-")
    async with working(client, Settings(queue_prefix="fakes-"), world.ports):
        yield Stack(client=client, leads=leads, world=world, program=program)
