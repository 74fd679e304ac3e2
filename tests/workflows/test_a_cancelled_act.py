"""A caller who cancels an act gets the cancellation, and no error about a missing worker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from adapters.files.program import read_program
from adapters.temporal.client import Leads
from tests.fakes import FakeJournal

ACME = Path(__file__).parents[2] / "programs" / "acme.yaml"


async def test_a_cancelled_act_is_cancelled(dev_server: WorkflowEnvironment) -> None:
    leads = Leads(dev_server.client, FakeJournal(), prefix="nobody-works-here-")
    await leads.enrol("cancelled", read_program(ACME), {"email": "ana@cancelled.example"})
    acting = asyncio.create_task(leads.act("cancelled", "note", {"by": "m@acme.example"}))
    done, _ = await asyncio.wait({acting}, timeout=2)  # no worker answers, so it goes on waiting
    assert not done
    acting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await acting
    assert acting.cancelled()
