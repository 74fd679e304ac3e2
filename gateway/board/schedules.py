"""The page of schedules: what runs when, what the last runs did, and runs by hand."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from temporalio.service import RPCError

from adapters.temporal.schedules import Schedules
from gateway.board.user import BoardUser, board_form, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.pages import page
from models.reengagement import ReengagementRun
from usecases import scheduling
from usecases.context import Context

_PATH = "/board/schedules"
_PATIENCE = 5.0
"""Seconds that a page waits for Temporal."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    """A schedule with its latest runs, if it re-engages leads."""

    schedule: scheduling.Scheduled
    runs: tuple[ReengagementRun, ...]


def router(context: Context) -> APIRouter:
    """The routes of the page and of its buttons."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = board_user(context), board_form(context)

    @routes.get(_PATH)
    async def schedules(user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show all schedules."""
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await scheduling.all_schedules(context.database, _served(context))
        except (RPCError, TimeoutError) as error:
            raise _away(error) from None
        lines = await asyncio.to_thread(lambda: [_line(context, one) for one in found])
        return page("board_schedules.html", context, zone=user.zone, user=user, lines=lines)

    @routes.post(_PATH)
    async def change(
        user: Annotated[BoardUser, Depends(form_user)],
        *,
        name: Annotated[str, Form()] = "",
        do: Annotated[Literal["run", "pause", "resume"], Form()] = "run",
    ) -> Response:
        """Begin a run now, pause a schedule, or let it go on."""
        world = (name, context.database, _served(context))
        try:
            if do == "run":
                await scheduling.trigger(*world)
            else:
                note = f"by {user.person}, at the board"
                await scheduling.set_paused(*world, paused=do == "pause", note=note)
        except scheduling.UnknownScheduleError as error:
            raise DeskProblemError(404, f"{error}.") from None
        except scheduling.ScheduleError as error:
            raise DeskProblemError(409, f"{error}.") from None
        except RPCError as error:
            raise _away(error) from None
        return RedirectResponse(_PATH, status_code=303)

    return routes


def _served(context: Context) -> Schedules:
    if context.schedules is None:
        raise DeskProblemError(503, "This gateway has no Temporal, so it knows no schedules.")
    return context.schedules


def _away(error: Exception) -> DeskProblemError:
    _log.warning("board: Temporal does not answer", why=str(error))
    return DeskProblemError(503, "Temporal does not answer now. Try again in a minute.")


def _line(context: Context, schedule: scheduling.Scheduled) -> ScheduleLine:
    runs: tuple[ReengagementRun, ...] = ()
    if schedule.kind == "reengage" and schedule.program is not None:
        runs = scheduling.runs(context.database, schedule.program)
    return ScheduleLine(schedule=schedule, runs=runs)
