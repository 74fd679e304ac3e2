"""The gateway on its own: HTTP, inbound mail and the relay. `python -m gateway`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import structlog
from pydantic import ValidationError

from adapters import logs
from adapters.database import DatabaseNotReadyError, check
from adapters.mail_server import mailer_to
from adapters.temporal import Leads, TemporalUnavailableError, connect
from gateway.listener import receiving
from gateway.opening import open_outside
from gateway.serving import listening, serving
from settings import Settings, UnusableSettingError

_log = structlog.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises what main() explains."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    check(settings.database)
    client = await connect(settings)
    web = listening(settings.gateway_host, settings.gateway_port)
    mail = listening(settings.inbound_host, settings.inbound_port)
    try:
        mailer = mailer_to(settings)
    except ValueError as error:
        raise UnusableSettingError(str(error)) from error
    with open_outside(settings, mailer) as outside:
        leads = Leads(client, outside.journal, prefix=settings.queue_prefix)
        async with serving(outside, leads, web), receiving(outside, mail):
            _log.info("gateway ready", http=web.getsockname()[1], smtp=mail.getsockname()[1])
            await stop.wait()
            _log.info("gateway stops")
    await mailer.close()


def main() -> int:
    """Run the gateway; its exit status is 2 for wrong settings, 3 if the world fails it."""
    try:
        settings = Settings()
        logs.configure(settings.log_format, settings.log_level)
        asyncio.run(serve(settings))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            _log.error("settings are wrong", at=".".join(map(str, one["loc"])), why=one["msg"])
        return 2
    except UnusableSettingError as error:
        _log.error("settings are wrong", why=str(error))
        return 2
    except (TemporalUnavailableError, DatabaseNotReadyError, OSError) as error:
        _log.error("gateway can't start", why=str(error))
        return 3
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # Temporal's client has threads that may abort Python's own, slower ending
