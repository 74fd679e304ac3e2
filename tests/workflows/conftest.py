"""The shell with the real rules on a real server, over ports in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.testing import WorkflowEnvironment

from models.envelopes import ProgramClock
from tests.workflows.worker_stack import WorkerStack, running_worker_stack


@pytest.fixture(scope="session")
async def stack(dev_server: WorkflowEnvironment) -> AsyncIterator[WorkerStack]:
    """Leads on the wall clock."""
    async with running_worker_stack(dev_server.client, "fakes-") as one:
        yield one


@pytest.fixture(scope="session")
async def busy(dev_server: WorkflowEnvironment) -> AsyncIterator[WorkerStack]:
    """Leads that start on a Monday morning in New York; twelve hours pass in a second."""
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    clock = ProgramClock(wall=datetime.now(UTC), program=monday, speed=43_200)
    async with running_worker_stack(dev_server.client, "busy-", clock) as one:
        yield one
