"""`leadflow reconcile` and `leadflow temporal setup` beside a running stack."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import Client

from assembly.stack import Stack
from tests.cli.conftest import Leadflow, until


def test_a_lead_whose_workflow_was_ended_is_found_and_revived(
    leadflow: Leadflow,
    stack: Stack,
    seen: Callable[..., Any],
    request: pytest.FixtureRequest,
) -> None:
    address = f"ended{uuid.uuid4().hex[:8]}@northwind.example"
    assert leadflow("enrol", "--program", "acme", "--email", address).status == 0
    lead = seen(address)["lead"]
    asyncio.run(_terminated(stack, lead))
    request.addfinalizer(lambda: asyncio.run(_unpaused(stack)))

    def found(*options: str) -> list[Any]:
        return [one for one in leadflow("reconcile", *options).lines if one.get("lead") == lead]

    (dry,) = until(lambda: found("--dry-run", "--json"))
    assert (dry["kind"], dry["repaired"]) == ("no_workflow", None)
    assert "revives it" in dry["remedy"]
    assert leadflow("reconcile", "--dry-run").status == 1
    ((repaired),) = found("--json")
    assert repaired["repaired"] == "revived"
    assert until(lambda: not found("--json"))


async def _terminated(stack: Stack, lead: str) -> None:
    """End the lead's workflow; the schedule is paused, or it might revive the lead first."""
    client = await Client.connect(stack.address)
    await client.get_schedule_handle("reconcile").pause()
    await client.get_workflow_handle(f"lead/{lead}").terminate()


async def _unpaused(stack: Stack) -> None:
    client = await Client.connect(stack.address)
    await client.get_schedule_handle("reconcile").unpause()


def test_without_temporal_the_status_is_three(
    leadflow: Leadflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    assert leadflow("reconcile").status == 3


def test_temporal_is_set_up_once_and_a_second_time_changes_nothing(leadflow: Leadflow) -> None:
    first, second = (leadflow("temporal", "setup", "--json").json for _ in range(2))
    assert first == second
    assert (first["ok"], first["registered"], first["schedules"][0]) == (True, [], "reconcile")
    assert {"reengage/acme", "digest/acme"} <= set(first["schedules"])
