"""The desk: sales people and their managers see and work their leads in a browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from gateway.desk import (
    buttons,
    leads,
    live,
    merging,
    mine,
    queue_acts,
    tags,
    tasks,
    team,
    touches,
    views,
    week,
)
from gateway.requests.rooms import add_room
from gateway.web import sign_in
from gateway.web.desk_session import (
    DeskProblemError,
    HomeElsewhereError,
    SignInNeededError,
    redirect_to_sign_in,
    refuse_cross_site,
)
from gateway.web.pages import assets, page
from usecases.context import Acts, Context

_MESSAGES = {
    404: "There is no such page.",
    405: "There is no such page.",
    413: "This is too large. A list may have up to 25 MB; the command leadflow launch takes more.",
    422: "Something was missing in this form. Go back, open the page again and try again.",
    503: "The database can't be reached just now. Nothing was done; try again in a moment.",
}
_OTHER_MESSAGE = "Something went wrong here; it was logged. Try again in a moment."


def router(context: Context, acts: Acts, action_links_last: timedelta) -> APIRouter:
    """The routes of all pages of the desk and of the buttons in alerts."""
    routes = APIRouter(include_in_schema=False)
    add_room(routes, assets())
    add_room(routes, sign_in.router(context))
    add_room(routes, team.router(context))
    add_room(routes, mine.router(context))
    add_room(routes, queue_acts.router(context, acts))
    add_room(routes, tags.router(context))
    add_room(routes, tasks.router(context))
    add_room(routes, live.router(context))
    add_room(routes, views.router(context))
    add_room(routes, week.router(context))
    add_room(routes, leads.router(context, acts))
    add_room(routes, touches.router(context, acts))
    add_room(routes, merging.router(context, acts))
    add_room(routes, buttons.router(context, acts, action_links_last))
    return routes


_PEOPLE_TYPE = ("lead", "note", "tag", "why", "reason", "amount", "currency", "until", "channel")


def _typed(form: FormData) -> dict[str, str]:
    """What a person typed or chose in a form of an act, so that it is not lost."""
    values = {name: form.getlist(name) for name in _PEOPLE_TYPE}
    texts = {name: [one for one in of if isinstance(one, str)] for name, of in values.items()}
    return {name: text for name, of in texts.items() if (text := ", ".join(of).strip())}


def explain(app: FastAPI, context: Context) -> None:
    """Answer errors of the desk with a page, or with a redirect to the sign-in page.

    Elsewhere the application answers the same errors with a problem document.
    """

    @app.exception_handler(SignInNeededError)
    async def sign_in(request: Request, error: SignInNeededError) -> Response:
        typed: dict[str, str] = {}
        if request.method == "POST":
            refuse_cross_site(request)  # else another site could put its words into our page
            typed = _typed(await request.form())
        if not typed:
            return redirect_to_sign_in(error.back)
        return page("session_ended.html", context, status=401, typed=typed, to=error.back)

    @app.exception_handler(HomeElsewhereError)
    async def home(_: Request, __: HomeElsewhereError) -> Response:
        return RedirectResponse("/board", 303)

    @app.exception_handler(DeskProblemError)
    async def desk_problem(_: Request, error: DeskProblemError) -> HTMLResponse:
        return page("problem.html", context, status=error.status, message=str(error))

    for kind in (HTTPException, RequestValidationError, SQLAlchemyError, Exception):
        app.add_exception_handler(kind, _page_for(app.exception_handlers[kind], context))


def _page_for(
    problem_document: Callable[[Request, Any], Any], context: Context
) -> Callable[[Request, Any], Awaitable[Response]]:
    async def problem_page(request: Request, error: Any) -> Response:
        answer: Response = await problem_document(request, error)
        if not request.url.path.startswith(("/desk", "/board", "/a/")):
            return answer
        status = answer.status_code
        return page(
            "problem.html", context, status=status, message=_MESSAGES.get(status, _OTHER_MESSAGE)
        )

    return problem_page
