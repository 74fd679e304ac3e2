"""The gateway as a server in this event loop, with the relay beside it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from adapters.sql.database import DatabaseNotReadyError
from gateway.app import build_app
from gateway.config import UNCONFIGURED, GatewayConfig
from gateway.requests.connections import OpenConnections, bounded_http, most_connections
from gateway.requests.http_server import HttpServer
from usecases import relay
from usecases.context import Acts, Context
from usecases.relay import Relay
from usecases.uploads import remove_old

SHUTDOWN_GRACE_SECONDS = 5
"""Seconds that open requests have to finish when the gateway stops."""
KEEP_ALIVE_SECONDS = 75
"""How long an unused connection stays open. It is longer than clients keep one (httpx 5 s, most
proxies 60 s). Otherwise the gateway may close a connection just as a client uses it again."""

_REMOVE_EVERY_SECONDS = 3_600.0
_log = structlog.get_logger(__name__)


class GatewayLeads(relay.RelayLeads, Acts, Protocol):
    """Sends events and acts to leads; `adapters.temporal.client.Leads` does it."""


@asynccontextmanager
async def serving(
    context: Context,
    leads: GatewayLeads,
    listener: socket.socket,
    config: GatewayConfig = UNCONFIGURED,
) -> AsyncIterator[None]:
    """Answer HTTP on this socket and relay accepted items while the block runs."""
    server = HttpServer(
        uvicorn.Config(
            build_app(context, leads, config=config),
            http=bounded_http(OpenConnections(most_connections())),
            log_config=None,
            log_level="warning",
            access_log=False,  # a log of every request would hold every token
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_GRACE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )
    relay = Relay(
        context.intake,
        context.programs,
        leads,
        pause=max(0.02, 0.2 / context.speed),
        meter=context.meter,
    )
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener])),
        asyncio.create_task(relay.run()),
    ]
    removing = asyncio.create_task(_remove_old_uploads(context))
    try:
        yield
    finally:
        server.should_exit = True
        relay.stop()
        removing.cancel()
        await asyncio.gather(*tasks)


async def _remove_old_uploads(context: Context) -> None:
    """Remove the lists whose time is over, once an hour."""
    while True:
        try:
            await asyncio.to_thread(remove_old, context)
        except (SQLAlchemyError, DatabaseNotReadyError) as error:
            _log.warning("old uploads not removed, and tried again", why=type(error).__name__)
        await asyncio.sleep(_REMOVE_EVERY_SECONDS)
