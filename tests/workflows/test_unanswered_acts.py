"""Acts that no worker answers: what the caller gets after a time-out and after a cancellation."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from temporalio.testing import WorkflowEnvironment

from adapters.files.program import read_program
from adapters.temporal import client
from adapters.temporal.client import Leads, TemporalUnavailableError
from tests.fakes import FakeJournal
from tests.workflows.worker_stack import PROGRAMS

ACCEPT = {"by": "riley@acme.example", "id": "accept-1"}


@pytest.fixture
async def unanswered(dev_server: WorkflowEnvironment) -> tuple[Leads, str]:
    """A lead on a queue that no worker serves."""
    leads = Leads(dev_server.client, FakeJournal(), prefix="no-worker-")
    lead = f"t{uuid.uuid4().hex[:12]}"
    assert await leads.enrol(lead, read_program(PROGRAMS / "acme.yaml"), {"email": "a@b.example"})
    return leads, lead


async def test_a_time_out_says_that_no_worker_answered(
    unanswered: tuple[Leads, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    leads, lead = unanswered
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.3)
    with pytest.raises(TemporalUnavailableError, match=r"no worker answered .* the id accept-1"):
        await leads.act(lead, "accept", ACCEPT)


async def test_a_cancelled_act_is_cancelled_and_reports_no_missing_worker(
    unanswered: tuple[Leads, str],
) -> None:
    leads, lead = unanswered
    asking = asyncio.create_task(leads.act(lead, "accept", ACCEPT))
    await asyncio.wait([asking], timeout=0.3)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_time_out_of_the_caller_reports_no_missing_worker(
    unanswered: tuple[Leads, str],
) -> None:
    leads, lead = unanswered
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await leads.act(lead, "accept", ACCEPT)
