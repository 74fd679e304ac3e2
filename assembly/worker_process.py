"""The worker as a process: it connects to Temporal and serves the task queues."""

from __future__ import annotations

import asyncio

import structlog

from adapters.sql.database import check
from adapters.temporal.client import TemporalUnavailableError
from adapters.temporal.connection import connect, missing_attributes
from assembly.launching import starting_launches
from assembly.monitoring import Monitoring
from assembly.queues import working
from assembly.rolling_out import starting_rollouts
from assembly.settings import Settings
from assembly.world import open_world
from workflows.commands import LEADS, MAIL, SALES

_log = structlog.get_logger(__name__)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve the task queues until `stop`. Raises what `process.run` explains."""
    check(settings.database)
    monitoring = Monitoring(settings)
    with open_world(settings, monitoring.meter) as world:
        client = await connect(settings)
        missing = await missing_attributes(client)
        if missing:
            raise TemporalUnavailableError(
                f"the namespace {client.namespace} lacks the search attributes"
                f" {', '.join(missing)}; register them: leadflow temporal setup"
            )
        async with (
            working(client, settings, world),
            starting_rollouts(client, settings),
            starting_launches(client, settings),
            monitoring.serving(client),
        ):
            _log.info(
                "worker ready",
                address=client.service_client.config.target_host,
                namespace=client.namespace,
                queues=[settings.queue_prefix + name for name in (LEADS, MAIL, SALES)],
            )
            await stop.wait()
            _log.info("worker stops")
