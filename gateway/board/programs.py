"""The page of all programs."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from gateway.board.user import BoardUser, board_user
from gateway.web.pages import page
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The route of the page."""
    routes = APIRouter(include_in_schema=False)
    current_user = board_user(context)

    @routes.get("/board")
    def programs(user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show all programs."""
        return page(
            "board_programs.html",
            context,
            zone=user.zone,
            user=user,
            programs=[
                context.programs.publications(name, most=1)[0] for name in context.programs.names()
            ],
        )

    return routes
