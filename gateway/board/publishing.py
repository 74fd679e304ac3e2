"""A plan: what publishing a version makes otherwise; publish it, or have it approved."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.sql.change_plans import SqlChangePlans
from gateway.board.change import WAY_WORDS, grouped, known_version
from gateway.board.jobs import start_playing
from gateway.board.user import BoardUser, board_form, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.outcomes import as_sentence
from gateway.web.pages import page
from lifecycle.changes.differences import differences
from models.change_plan import ChangePlan
from models.program.program import Program
from models.publication import IN_FLIGHT, InFlight
from simulation.impact_words import happening_words
from usecases import changing
from usecases.changing import Approver, ChangeRefusedError, LeadsMovedError
from usecases.context import Context

_AT_ONCE = 300
"""Of so many leads in flight the futures are played while the person waits: some 2 seconds."""
_SILENT = timedelta(minutes=1)
"""A plan whose progress was not stored for so long has nobody who plays it."""
_REFRESH = "4"
"""Seconds after which the browser loads the page again while the futures are being played."""


def router(context: Context) -> APIRouter:
    """The routes of plans."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = board_user(context), board_form(context)

    @routes.post("/board/programs/{name}/plans")
    async def plan_change(
        name: str,
        user: Annotated[BoardUser, Depends(form_user)],
        *,
        version: Annotated[str, Form()] = "",
        in_flight: Annotated[str, Form()] = "",
        recheck: Annotated[str, Form()] = "",
        note: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        """Make a plan of publishing this version. It changes no lead."""
        program = await asyncio.to_thread(known_version, context, name, version)
        plan = await asyncio.to_thread(
            _begun,
            context,
            program,
            in_flight=_way(in_flight),
            recheck=bool(recheck),
            note=note,
            by=user.person,
        )
        if plan.standing == "playing":
            start_playing(context, plan)
        return _to(plan)

    @routes.get("/board/programs/{name}/plans/{number}")
    def one_plan(
        name: str, number: int, user: Annotated[BoardUser, Depends(current_user)]
    ) -> HTMLResponse:
        """Show a plan: what it says differently, what it makes otherwise, and what one can do."""
        return _page(context, user, _known(context, name, number))

    @routes.post("/board/programs/{name}/plans/{number}")
    async def end_plan(
        name: str,
        number: int,
        user: Annotated[BoardUser, Depends(form_user)],
        *,
        do: Annotated[Literal["publish", "ask", "withdraw"], Form()] = "publish",
        although_moved: Annotated[str, Form()] = "",
    ) -> Response:
        """Publish, approve, ask for approval, or withdraw."""
        plan = await asyncio.to_thread(_known, context, name, number)
        who = Approver(person=user.person, may_approve=user.marketer.role == "admin")
        try:
            if do == "ask":
                await asyncio.to_thread(
                    changing.ask, context.database, plan, who, approve_above=context.approve_above
                )
            elif do == "withdraw":
                await asyncio.to_thread(changing.withdraw, context.database, plan, who)
            else:
                program = await asyncio.to_thread(
                    changing.publish,
                    context.database,
                    plan,
                    who,
                    approve_above=context.approve_above,
                    although_moved=bool(although_moved),
                )
                if context.schedules is not None:
                    await context.schedules.follow(program)
        except LeadsMovedError as error:
            moved = error.moved
            return await asyncio.to_thread(_page, context, user, plan, moved=moved, status=409)
        except ChangeRefusedError as error:
            raise DeskProblemError(409, as_sentence(str(error))) from None
        return _to(plan)

    return routes


def _begun(
    context: Context, program: Program, *, in_flight: InFlight, recheck: bool, note: str, by: str
) -> ChangePlan:
    """A new plan; its futures were played if leads are few."""
    database = context.database
    try:
        plan = changing.begin(
            database, program, in_flight=in_flight, recheck=recheck, note=note, by=by
        )
    except ChangeRefusedError as error:
        raise DeskProblemError(422, as_sentence(str(error))) from None
    if changing.leads_in_flight(database, program.program) > _AT_ONCE:
        return plan
    changing.play(database, plan.number, context.now())
    return _known(context, plan.name, plan.number)


def _known(context: Context, name: str, number: int) -> ChangePlan:
    plain = name.isprintable() and 0 < number < 2**31
    found = SqlChangePlans(context.database).plan(name, number) if plain else None
    if found is None:
        raise DeskProblemError(404, f"The program '{name}' has no such plan.")
    return found


def _to(plan: ChangePlan) -> RedirectResponse:
    name = quote(plan.name, safe="")
    return RedirectResponse(f"/board/programs/{name}/plans/{plan.number}", 303)


def _page(
    context: Context,
    user: BoardUser,
    plan: ChangePlan,
    *,
    moved: list[str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    meant = known_version(context, plan.name, plan.digest)
    before = known_version(context, plan.name, plan.newest) if plan.newest else None
    silent = plan.beat is None or datetime.now(UTC) - plan.beat > _SILENT
    versions_moved: list[str] = []
    if plan.standing in ("ready", "asked"):
        versions_moved, leads_moved = changing.what_moved(context.database, plan)
        moved = leads_moved if moved is not None or plan.standing == "asked" else None
    shown = page(
        "board_plan.html",
        context,
        status=status,
        zone=user.zone,
        user=user,
        plan=plan,
        way_words=WAY_WORDS[plan.in_flight],
        groups=grouped(differences(before, meant)) if before is not None else None,
        silent=plan.standing == "playing" and silent,
        versions_moved=versions_moved,
        moved=moved,
        needs_approval=changing.needs_approval(context.database, plan.name, context.approve_above),
        above=context.approve_above,
        own=user.person in (plan.asked_by, plan.by),
        may_approve=user.marketer.role == "admin",
        happening=happening_words,
    )
    if plan.standing == "playing" and not silent:
        shown.headers["Refresh"] = _REFRESH
    return shown


def _way(text: str) -> InFlight:
    found = next((one for one in IN_FLIGHT if one == text), None)
    if found is None:
        raise DeskProblemError(422, "Say what becomes of the leads in flight.")
    return found
