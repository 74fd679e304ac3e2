"""The list behind every number of the board."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from adapters.reports.board_figures import FIGURES, SUPPRESSED
from adapters.reports.figures import SqlFigures
from gateway.board.not_moving import REMEDIES
from gateway.board.numbers import asking
from gateway.board.remedies import MOST, reassigning
from gateway.board.user import BoardUser, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.pages import page
from usecases.context import Context

_OWN = ("page", "done")
"""Words of the path that narrow nothing down."""
_Done = Annotated[int, Query(ge=0, le=MOST)]
_PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


def router(context: Context) -> APIRouter:
    """The route of all lists."""
    routes = APIRouter(include_in_schema=False)
    current_user = board_user(context)
    figures = SqlFigures(context.database)

    @routes.get("/board/lists/{figure}")
    def listed(
        request: Request,
        figure: str,
        user: Annotated[BoardUser, Depends(current_user)],
        number: _PageNumber = 1,
        done: _Done = 0,
    ) -> HTMLResponse:
        """Show the leads that a number counts, the longest first. `done`: so many were given on."""
        only = {one: value for one, value in request.query_params.items() if one not in _OWN}
        found = FIGURES.get(figure)
        if found is None or any("\0" in value for value in only.values()):
            raise DeskProblemError(404, "There is no such list.")
        at = asking(context, user)
        try:
            shown = figures.listed(
                found,
                at,
                only={name: value or None for name, value in only.items()},
                number=number,
            )
        except KeyError:
            raise DeskProblemError(404, "There is no such list.") from None
        return page(
            "board_list.html",
            context,
            zone=user.zone,
            user=user,
            title=found.title,
            only=only,
            shown=shown,
            done=done,
            reassigning=reassigning(found, urlencode(only), user),
            can_work_again=found is SUPPRESSED,
            remedy=REMEDIES.get(found.name, ""),
            path=f"/board/lists/{figure}?{urlencode(only)}",
        )

    return routes
