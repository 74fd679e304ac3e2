"""Connections to a Temporal server: one that is named, or the embedded one."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any, Protocol

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import (
    Client,
)
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from adapters.temporal.client import TemporalUnavailableError
from adapters.temporal.payloads import data_converter
from workflows.attributes import KEYS


def embedded_file(home: Path) -> Path:
    """Where the embedded server of a folder writes its address while it runs."""
    return home / "temporal.json"


def known_address(home: Path) -> str | None:
    """Where the embedded server of this folder listens, if one was started and answers.

    The file outlives a server that was killed, and its process id may be another's by now.
    """
    try:
        recorded = json.loads(embedded_file(home).read_text())
        host, _, port = str(recorded["address"]).rpartition(":")
        os.kill(int(recorded["pid"]), 0)
        socket.create_connection((host, int(port)), timeout=1).close()
        return str(recorded["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


async def missing_attributes(client: Client) -> list[str]:
    """Search attributes that the server does not know: without them no lead can take a turn."""
    asked = ListSearchAttributesRequest(namespace=client.namespace)
    answer = await client.operator_service.list_search_attributes(asked)
    return [key.name for key in KEYS.values() if key.name not in answer.custom_attributes]


async def register_attributes(client: Client) -> list[str]:
    """Register the search attributes that the server does not know; their names.

    Raises TemporalUnavailableError where the server lets nobody register them this way.
    """
    missing = await missing_attributes(client)
    if missing:
        kinds = {
            key.name: IndexedValueType.ValueType(key.indexed_value_type)
            for key in KEYS.values()
            if key.name in missing
        }
        asked = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds)
        try:
            await client.operator_service.add_search_attributes(asked)
        except RPCError as error:
            raise TemporalUnavailableError(
                f"the search attributes {', '.join(missing)} can't be registered here"
                f" ({error.message}); on Temporal Cloud add them to the namespace in its pages:"
                " LeadScore is a Double, LeadDue a Datetime, the others Keyword"
            ) from error
    return missing


class TemporalSettings(Protocol):
    """The settings that say where Temporal is."""

    @property
    def home(self) -> Path:
        """Where the embedded server keeps its files."""
        ...

    @property
    def temporal_profile(self) -> str | None:
        """The profile of Temporal's TOML file, if one is named."""
        ...


async def connect(settings: TemporalSettings) -> Client:
    """Connect as Temporal's environment variables and profiles say, or else to the embedded server.

    Raises TemporalUnavailableError with the remedy.
    """
    config: dict[str, Any] = dict(
        ClientConfig.load_client_connect_config(settings.temporal_profile)
    )
    address = config.pop("target_host", None) or known_address(settings.home)
    if address is None:
        raise TemporalUnavailableError(
            f"no Temporal server is known: {settings.home} has none running."
            " Start one with `make up`, or set TEMPORAL_ADDRESS"
        )
    return await connect_to(address, **config)


async def connect_to(address: str, **config: Any) -> Client:
    """Connect to one address. Raises TemporalUnavailableError with the remedy."""
    try:
        return await Client.connect(address, data_converter=data_converter, **config)
    except RuntimeError as error:
        # The text of a certificate error helps people; that of a closed port does not.
        said = "" if "refused" in str(error) else f" ({error})"
        raise TemporalUnavailableError(
            f"Temporal does not answer at {address}{said}; start it with `make up`,"
            " or set TEMPORAL_ADDRESS to where it is"
        ) from error
