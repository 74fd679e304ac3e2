"""A process of leadflow: it reads its settings, works until a signal stops it, and exits.

The exit status is 0 after a signal, 2 for wrong settings, and 3 if a server, a port or the
database does not do its part.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog
from pydantic import ValidationError

from adapters.sql.database import DatabaseNotReadyError
from adapters.temporal.client import TemporalUnavailableError
from assembly import logs
from assembly.settings import Settings, UnusableSettingError
from assembly.tracing import tracing

_log = structlog.get_logger(__name__)

Serve = Callable[[Settings, asyncio.Event], Awaitable[None]]
"""Works until the event is set."""


def run(name: str, serve: Serve) -> int:
    """Run a process called `name` until SIGTERM or SIGINT; its exit status."""
    try:
        settings = Settings()
        logs.configure(settings.log_format, settings.log_level)
        with tracing(name):
            asyncio.run(_until_signal(serve, settings))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            _log.error("settings are wrong", at=".".join(map(str, one["loc"])), why=one["msg"])
        return 2
    except UnusableSettingError as error:
        _log.error("settings are wrong", why=str(error))
        return 2
    except (TemporalUnavailableError, DatabaseNotReadyError, OSError) as error:
        _log.error(f"{name} can't start", why=str(error))
        return 3
    return 0


async def _until_signal(serve: Serve, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop)


def leave(status: int) -> NoReturn:
    """End this process at once: Temporal's client has threads that may abort Python's own end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
