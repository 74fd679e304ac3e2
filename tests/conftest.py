"""Servers for all tests: one development server and one time-skipping server a process.

Tests run in four processes, because many of them wait for a server most of their time. Each process
has a stretch of neighbouring tests, so that what a module starts is started once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sysconfig
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from adapters.temporal.embedded import search_attributes, shipped
from workflows.attributes import KEYS

# How fast a machine is must fail no test, so there is no deadline for an example.
settings.register_profile("leadflow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("leadflow")

# Tests of many leads of one person must not wait for the minute between two mails with alerts.
os.environ.setdefault("LEADFLOW_ALERT_SECONDS", "0")


async def _ended(environment: WorkflowEnvironment) -> None:
    await environment.shutdown()
    await asyncio.sleep(0.3)  # a shorter one aborts the interpreter at its exit, now and then


def _registration(namespace: str) -> AddSearchAttributesRequest:
    kinds = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in KEYS.values()}
    return AddSearchAttributesRequest(namespace=namespace, search_attributes=kinds)


@pytest.fixture(scope="session")
async def dev_server() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server, with our search attributes."""
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=shipped("temporal"),
        dev_server_log_level="error",
        dev_server_extra_args=[
            *search_attributes(),
            *("--dynamic-config-value", "matching.enableFairness=true"),
            # One partition a queue: else which task is next is chance, and fairness can't be seen.
            *("--dynamic-config-value", "matching.numTaskqueueReadPartitions=1"),
            *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),
        ],
    )
    yield environment
    await _ended(environment)


@pytest.fixture(scope="session")
async def skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server whose clock jumps to the next timer. All its leads share the clock."""
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=pydantic_data_converter,
        test_server_existing_path=shutil.which(
            "temporal-test-server", path=sysconfig.get_path("scripts")
        ),
    )
    await environment.client.operator_service.add_search_attributes(_registration("default"))
    yield environment
    await _ended(environment)
