"""Playing the futures of a plan in the background: with many leads that is minutes of work.

If the process that plays it ends, the plan says so, and can be made again.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from adapters.sql.change_plans import SqlChangePlans
from adapters.sql.database import open_database
from models.envelopes import ProgramClock, program_now
from usecases import changing
from usecases.background import InterruptedWorkError
from usecases.context import Context

_PULSE_SECONDS = 10.0

_log = structlog.get_logger(__name__)


async def play_in_background(context: Context, number: int) -> None:
    """Play the plan of this number, after those that wait already.

    It raises nothing. What goes wrong is stored with the plan and logged.
    """
    plans = SqlChangePlans(context.database)
    clock = ProgramClock(wall=datetime.now(UTC), program=context.now(), speed=context.speed)
    working = asyncio.ensure_future(
        context.change_work.call(_play, context.database.address, number, clock)
    )
    try:
        while not working.done():
            await asyncio.wait([working], timeout=_PULSE_SECONDS)
            if not working.done():
                await asyncio.to_thread(plans.pulse, number)
        working.result()
    except InterruptedWorkError as error:
        await asyncio.to_thread(plans.move, number, ("playing",), "failed", why=str(error))
    except Exception:  # noqa: BLE001  # whatever it is, no request waits for it
        _log.exception("the futures of a plan were not played", plan=number)


def _play(address: str, number: int, clock: ProgramClock) -> None:
    database = open_database(address)
    try:
        changing.play(database, number, program_now(clock, datetime.now(UTC)))
    finally:
        database.close()
