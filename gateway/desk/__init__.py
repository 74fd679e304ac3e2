"""The desk: where sales people and their managers see and work their leads in a browser."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.desk import buttons, leads, signing_in, team
from gateway.desk.pages import assets, page
from gateway.desk.session import NotHereError, SignInNeededError, to_sign_in
from gateway.outside import Acts, Outside


def router(outside: Outside, acts: Acts) -> APIRouter:
    """All pages of the desk, and the buttons of alerts."""
    routes = APIRouter(include_in_schema=False)
    routes.include_router(assets())
    routes.include_router(signing_in.router(outside))
    routes.include_router(team.router(outside))
    routes.include_router(leads.router(outside, acts))
    routes.include_router(buttons.router(outside, acts))
    return routes


def explain(app: FastAPI, outside: Outside) -> None:
    """Answer what goes wrong at the desk with a page, or by leading to where one signs in."""

    @app.exception_handler(SignInNeededError)
    async def sign_in(_: Request, error: SignInNeededError) -> RedirectResponse:
        return to_sign_in(error.back)

    @app.exception_handler(NotHereError)
    async def not_here(_: Request, error: NotHereError) -> HTMLResponse:
        return page("problem.html", outside, status=error.status, said=str(error))
