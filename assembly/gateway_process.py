"""The gateway as a process: HTTP, inbound mail and the relay."""

from __future__ import annotations

import asyncio

import structlog

from adapters.delivery.mail_server import mailer_to
from adapters.sql.database import check
from adapters.temporal.client import Leads, connect
from assembly.gateway import gateway_config, open_context
from assembly.settings import Settings, UnusableSettingError
from gateway.inbound.listener import receiving
from gateway.server import listening, serving

_log = structlog.get_logger(__name__)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`. Raises what `process.run` explains."""
    check(settings.database)
    client = await connect(settings)
    web = listening(settings.gateway_host, settings.gateway_port)
    mail = listening(settings.inbound_host, settings.inbound_port)
    try:
        mailer = mailer_to(settings)
    except ValueError as error:
        raise UnusableSettingError(str(error)) from error
    with open_context(settings, mailer) as context:
        leads = Leads(client, context.journal, prefix=settings.queue_prefix)
        async with serving(context, leads, web, gateway_config(settings)), receiving(context, mail):
            _log.info("gateway ready", http=web.getsockname()[1], smtp=mail.getsockname()[1])
            await stop.wait()
            _log.info("gateway stops")
    await mailer.close()
