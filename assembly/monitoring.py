"""`/metrics`, `/health` and `/ready` of a process, on a port of their own.

The gateway has `/health` and `/ready` on its own port as well; metrics are for nobody outside.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.client import Client
from temporalio.service import RPCError

from activities.meter import UNMETERED, Meter
from adapters.sql.database import Database, DatabaseNotReadyError, open_database
from assembly.logs import forward_core_logs
from assembly.measures import PrometheusMeter
from assembly.settings import Settings
from gateway.requests.http_server import HttpServer, listening

_CORE_SECONDS = 5.0
Wrong = Callable[[], Awaitable[str | None]]
"""What keeps this process from working now, in a sentence; None if nothing does."""

_log = structlog.get_logger(__name__)


class Monitoring:
    """The meter of a process, and the port on which it is read.

    Make it before the client of Temporal: the SDK's metrics are those of its runtime.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._meter = PrometheusMeter() if settings.monitoring_port is not None else None
        self._core: str | None = None
        if self._meter is not None:
            # The SDK's exporter can't choose a port and tell it.
            with socket.create_server(("127.0.0.1", 0)) as free:
                self._core = f"127.0.0.1:{free.getsockname()[1]}"
            forward_core_logs(self._core)

    @property
    def meter(self) -> Meter:
        """What counts; it counts nothing if no monitoring port is set."""
        return self._meter or UNMETERED

    @asynccontextmanager
    async def serving(self, client: Client | None) -> AsyncIterator[None]:
        """Serve the monitoring port while the block runs, if one is set.

        Without a client the process does not need Temporal. Raises OSError for a port in use.
        """
        settings, meter = self._settings, self._meter
        if settings.monitoring_port is None or meter is None:
            yield
            return
        listener = listening(settings.monitoring_host, settings.monitoring_port)
        database = open_database(settings.database)
        meter.watch(database)
        config = uvicorn.Config(
            _app(meter, self._core, lambda: _wrong(client, database)),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
        )
        server = HttpServer(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        _log.info("monitoring ready", http=listener.getsockname()[1])
        try:
            yield
        finally:
            server.should_exit = True
            await running
            database.close()


def _app(meter: PrometheusMeter, core: str | None, wrong: Wrong) -> Starlette:
    """Plain Starlette: a worker would start a quarter of a second later with FastAPI."""

    async def metrics(_: Request) -> Response:
        ours = await asyncio.to_thread(generate_latest, meter.registry)
        theirs = await _of_core(core)
        return Response(ours + theirs, media_type=CONTENT_TYPE_LATEST)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        why = await wrong()
        if why is not None:
            return JSONResponse({"status": "not ready", "why": why}, status_code=503)
        return JSONResponse({"status": "ready"})

    served = {"/metrics": metrics, "/health": health, "/ready": ready}
    return Starlette(routes=[Route(path, answer) for path, answer in served.items()])


async def _of_core(core: str | None) -> bytes:
    """What the SDK's exporter says; nothing if it does not answer, so that ours are seen anyway."""
    if core is None:
        return b""
    try:
        async with httpx.AsyncClient(timeout=_CORE_SECONDS, trust_env=False) as http:
            return (await http.get(f"http://{core}/metrics")).content
    except httpx.HTTPError as error:
        _log.warning("the SDK's metrics can't be read", why=repr(error))
        return b""


async def _wrong(client: Client | None, database: Database) -> str | None:
    """Whether Temporal and the database answer."""
    try:
        if client is not None:
            await client.service_client.check_health()
    except RPCError as error:
        return f"Temporal does not answer: {error.message}"
    try:
        await asyncio.to_thread(_ask, database)
    except DatabaseNotReadyError as error:
        _log.error("the database does not answer", why=str(error))
        return str(error)
    except SQLAlchemyError as error:
        _log.error("the database does not answer", why=str(error))
        return "the database does not answer"
    return None


def _ask(database: Database) -> None:
    with database.read() as connection:
        connection.execute(text("SELECT 1"))
