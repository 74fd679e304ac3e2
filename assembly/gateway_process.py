"""The gateway as a process: it serves HTTP and inbound mail, and relays what is accepted."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog

from adapters.sql.database import check
from adapters.temporal.client import Leads
from adapters.temporal.connection import connect
from adapters.temporal.schedules import Schedules
from assembly.context import gateway_config, inbound_config, open_context
from assembly.mail import open_mailer, outage_of
from assembly.monitoring import Monitoring
from assembly.settings import Settings
from gateway.inbound.listener import receiving
from gateway.requests.http_server import listening
from gateway.server import serving

_log = structlog.get_logger(__name__)


async def serve(settings: Settings, stop: asyncio.Event, *, inbound: bool = True) -> None:
    """Serve until `stop`. Without `inbound` another process takes mail in.

    Raises what `process.run` explains.
    """
    check(settings.database)
    monitoring = Monitoring(settings)
    client = await connect(settings)
    web = listening(settings.gateway_host, settings.gateway_port)
    mail = listening(settings.inbound_host, settings.inbound_port) if inbound else None
    mailer = open_mailer(settings, outage_of(settings, monitoring.meter.mail_server))
    schedules = Schedules(client, prefix=settings.queue_prefix)
    with open_context(settings, mailer, meter=monitoring.meter) as opened:
        context = replace(opened, schedules=schedules)
        leads = Leads(client, context.journal, prefix=settings.queue_prefix)
        async with AsyncExitStack() as running:
            await running.enter_async_context(
                serving(context, leads, web, gateway_config(settings))
            )
            await running.enter_async_context(monitoring.serving(client))
            if mail is not None:
                await running.enter_async_context(
                    receiving(context, mail, inbound_config(settings))
                )
            smtp = mail.getsockname()[1] if mail is not None else None
            _log.info("gateway ready", http=web.getsockname()[1], smtp=smtp)
            await stop.wait()
            _log.info("gateway stops")
    await mailer.close()


async def serve_inbound(settings: Settings, stop: asyncio.Event) -> None:
    """Take in mail that comes back until `stop`; a gateway relays it. It needs no Temporal.

    Raises what `process.run` explains.
    """
    check(settings.database)
    mail = listening(settings.inbound_host, settings.inbound_port)
    monitoring = Monitoring(settings)
    mailer = open_mailer(settings, outage_of(settings, monitoring.meter.mail_server))
    with open_context(settings, mailer) as context:
        config = inbound_config(settings)
        async with receiving(context, mail, config), monitoring.serving(None):
            _log.info("inbound ready", smtp=mail.getsockname()[1])
            await stop.wait()
            _log.info("inbound stops")
    await mailer.close()
