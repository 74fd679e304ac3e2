"""Makes one trial on a stack of its own and exits: 0 no fault, 1 a fault, 2 could not run."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable

import structlog
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from assembly.process import leave
from tests.chaos.processes import CannotRunError
from tests.chaos.stack import ChaosStack


class FaultError(Exception):
    """The fault showed; the message is the sentence that says so."""


def run_trial(
    check: Callable[[ChaosStack], Awaitable[str]],
    *,
    limit: float,
    patience: float = 4,
    crm: bool = False,
    database: str = "",
    finally_: Callable[[], None] = lambda: None,
) -> None:
    """Make a trial and end the process. The last line printed says what came of it.

    The trial is given up after `limit` seconds times `patience`: `limit` is enough on a quiet
    machine, and one with other work needs several times as long. `finally_` is done last.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    # The client logs each of its tries on standard output; in a trial servers are often away.
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=quiet)))
    try:
        status = asyncio.run(
            _tried(check, limit * patience, ChaosStack(crm=crm, database=database))
        )
    finally:
        finally_()
    leave(status)


def _print_what_it_waits_for() -> None:
    """A trial that does not end says where it stands."""
    for task in asyncio.all_tasks():
        task.print_stack(limit=4, file=sys.stdout)


async def _tried(
    check: Callable[[ChaosStack], Awaitable[str]], limit: float, stack: ChaosStack
) -> int:
    began = time.monotonic()
    running = asyncio.ensure_future(asyncio.wait_for(check(stack), limit))
    asyncio.get_running_loop().call_later(limit - 1, _print_what_it_waits_for)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        message, status = await running, 0
    except FaultError as fault:
        message, status = str(fault), 1
    except TimeoutError:
        message, status = f"not done within {limit:.0f} seconds", 2
    except (CannotRunError, asyncio.CancelledError) as error:
        message, status = f"could not run: {str(error) or 'interrupted'}", 2
    except Exception as error:  # noqa: BLE001 - a trial that breaks proves nothing
        message, status = f"could not run: {type(error).__name__} {error}", 2
    finally:
        stack.stop()
    print(f"{message} ({time.monotonic() - began:.0f} s)")
    return status
