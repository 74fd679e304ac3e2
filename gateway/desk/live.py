"""Live refresh: server-sent events that say when a queue has changed, and how much of it is due.

An event names no lead. A page that gets one reads itself again, so a person sees only what their
page shows them. A stream ends after a minute and the browser opens the next one, which asks anew
who they are.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from adapters.reports.desk_queue import Pulse, Queue, QueueDay, SqlQueues, queue_of, queue_of_teams
from gateway.web.desk_session import DeskProblemError, DeskUser, desk_user
from gateway.web.pages import HEADERS
from usecases.context import Context

EVERY_SECONDS = 3.0
"""How often a queue is looked at: three seconds are soon enough for a person."""
LASTS_SECONDS = 60.0


def router(context: Context) -> APIRouter:
    """The routes of the streams."""
    routes = APIRouter(include_in_schema=False)
    current_user = desk_user(context)

    def stream(request: Request, user: DeskUser, queue: Queue) -> StreamingResponse:
        async def gone() -> bool:
            return await request.is_disconnected()

        return StreamingResponse(
            pulses(lambda: _pulse(context, user, queue), gone),
            media_type="text/event-stream",
            headers={**HEADERS, "X-Accel-Buffering": "no"},
        )

    @routes.get("/desk/live")
    def mine(
        request: Request, user: Annotated[DeskUser, Depends(current_user)]
    ) -> StreamingResponse:
        """Say when my leads change."""
        return stream(request, user, queue_of(user.person))

    @routes.get("/desk/live/team")
    def team(
        request: Request, user: Annotated[DeskUser, Depends(current_user)]
    ) -> StreamingResponse:
        """Say when the leads of the teams change that I manage."""
        if not user.manages:
            raise DeskProblemError(403, "This page is for managers of a team.")
        teams = user.people.managed_by(user.person)
        return stream(request, user, queue_of_teams(teams, user.people))

    return routes


async def pulses(
    look: Callable[[], Pulse],
    gone: Callable[[], Awaitable[bool]],
    *,
    every: float = EVERY_SECONDS,
    lasts: float = LASTS_SECONDS,
) -> AsyncIterator[str]:
    """Events of a queue: one at once, then one after each change; a comment where nothing changed.

    `every` and `lasts` are in seconds. The browser opens the next stream after three.
    """
    loop = asyncio.get_running_loop()
    end, last = loop.time() + lasts, None
    yield "retry: 3000\n\n"
    while loop.time() < end and not await gone():
        pulse = await asyncio.to_thread(look)
        if pulse == last:
            yield ":\n\n"  # else nobody notices that the browser has gone
        else:
            said = {"new": pulse.new, "overdue": pulse.overdue, "stamp": pulse.stamp}
            yield f"data: {json.dumps(said)}\n\n"
        last = pulse
        await asyncio.sleep(every)


def _pulse(context: Context, user: DeskUser, queue: Queue) -> Pulse:
    return SqlQueues(context.database).pulse(queue, QueueDay.of(context.now(), user.zone))
