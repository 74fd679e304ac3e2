"""The gateway as a process: it serves HTTP and inbound mail, and relays what is accepted."""

from __future__ import annotations

import asyncio

import structlog

from adapters.sql.database import check
from adapters.temporal.client import Leads
from adapters.temporal.connection import connect
from assembly.context import gateway_config, open_context
from assembly.mail import open_mailer
from assembly.settings import Settings
from gateway.inbound.listener import receiving
from gateway.server import listening, serving

_log = structlog.get_logger(__name__)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`. Raises what `process.run` explains."""
    check(settings.database)
    client = await connect(settings)
    web = listening(settings.gateway_host, settings.gateway_port)
    mail = listening(settings.inbound_host, settings.inbound_port)
    mailer = open_mailer(settings)
    with open_context(settings, mailer) as context:
        leads = Leads(client, context.journal, prefix=settings.queue_prefix)
        async with serving(context, leads, web, gateway_config(settings)), receiving(context, mail):
            _log.info("gateway ready", http=web.getsockname()[1], smtp=mail.getsockname()[1])
            await stop.wait()
            _log.info("gateway stops")
    await mailer.close()
