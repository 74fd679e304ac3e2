"""Servers for all tests: one development server and one time-skipping server a session."""

from __future__ import annotations

import asyncio
import shutil
import sysconfig
from collections.abc import AsyncIterator

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from adapters.embedded import search_attributes, shipped
from workflows.attributes import KEYS


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
