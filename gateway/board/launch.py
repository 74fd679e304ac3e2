"""The page of one launch: how far it is, its rows, and its buttons."""

# Annotations are not postponed here: they name dependencies that the router makes.

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters.reports.figures import PAGE as ROWS_A_PAGE
from adapters.sql.launches import RowsWanted, SqlLaunches
from gateway.board.downloads import download
from gateway.board.uploads import CONFLICT_WORDS, TRIED_WORDS, rate_of
from gateway.board.user import BoardUser, board_form, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.outcomes import as_sentence
from gateway.web.pages import page
from models.launch import MOST_RATE, UNDER_WAY, Launch
from usecases import launches
from usecases.context import Context

PATH = "/board/launches/{number}"
_PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
_LARGEST = 2_000_000_000
"""Of a launch's number: what the database's integer holds."""
ROW_WORDS: dict[RowsWanted, str] = {
    **TRIED_WORDS,
    "waiting": "rows to come",
    "closed": "leads closed by the undo",
    "kept": "leads left by the undo",
}
"""What became of rows, as a page says it."""


def router(context: Context) -> APIRouter:
    """The routes of the page, its lists and its buttons."""
    routes = APIRouter(include_in_schema=False)
    current_user, form_user = board_user(context), board_form(context)

    @routes.get(PATH)
    def show(number: int, user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show a launch."""
        launch = known(context, number)
        return page(
            "board_launch.html",
            context,
            zone=user.zone,
            user=user,
            launch=launch,
            under_way=launch.standing in UNDER_WAY,
            conflict=CONFLICT_WORDS[launch.on_conflict],
            counts=_counts(launch),
            most_rate=MOST_RATE,
        )

    @routes.get(PATH + "/rows")
    def rows(
        number: int,
        user: Annotated[BoardUser, Depends(current_user)],
        what: RowsWanted = "create",
        at: _PageNumber = 1,
    ) -> HTMLResponse:
        """Show the rows of a launch that had one outcome."""
        launch = known(context, number)
        found, total = SqlLaunches(context.database).page_of_rows(
            number, what, page=at, size=ROWS_A_PAGE
        )
        return page(
            "board_launch_rows.html",
            context,
            zone=user.zone,
            user=user,
            about=f"Launch {number}",
            back=f"/board/launches/{number}",
            file=launch.file,
            title=ROW_WORDS[what],
            rows=found,
            total=total,
            number=at,
            size=ROWS_A_PAGE,
            path=f"/board/launches/{number}/rows?what={what}",
        )

    @routes.get(PATH + "/rejected")
    def rejected(number: int, _: Annotated[BoardUser, Depends(current_user)]) -> Response:
        """The rejected rows, as a file."""
        launch = known(context, number)
        pieces: Iterator[str] = launches.rejected_rows(context.database, number)
        return download(pieces, launch.file, jsonl=not launch.form["delimiter"])

    @routes.post(PATH)
    def change(
        number: int,
        _: Annotated[BoardUser, Depends(form_user)],
        *,
        do: Annotated[Literal["pause", "resume", "cancel", "undo"], Form()],
        rate: Annotated[str, Form()] = "",
    ) -> Response:
        """Pause a launch, let it go on, end it, or undo it. A worker does so within seconds."""
        known(context, number)
        try:
            if do == "pause":
                launches.pause(context.database, number)
            elif do == "resume":
                asked = rate_of(rate) if rate.strip() else None
                launches.resume(context.database, number, rate=asked)
            elif do == "cancel":
                launches.cancel(context.database, number)
            else:
                launches.undo(context.database, number)
        except launches.LaunchRefusedError as error:
            raise DeskProblemError(409, as_sentence(str(error))) from None
        return RedirectResponse(f"/board/launches/{number}", 303)

    return routes


def known(context: Context, number: int) -> Launch:
    """The launch of this number. Raises DeskProblemError."""
    unknown = DeskProblemError(404, "There is no such launch.")
    if not 0 < number < _LARGEST:
        raise unknown
    try:
        return launches.launch_of(context.database, number)
    except launches.UnknownLaunchError:
        raise unknown from None


def _counts(launch: Launch) -> list[tuple[str, str, int]]:
    """Each outcome of rows, its words and its number."""
    counts: dict[RowsWanted, int] = {
        "create": launch.created,
        "update": launch.updated,
        "unchanged": launch.unchanged,
        "rejected": launch.rejected,
    }
    if launch.standing not in ("storing", "done"):
        counts["waiting"] = launch.size - launch.done
    if launch.closed or launch.kept or launch.standing in ("undoing", "undone"):
        counts |= {"closed": launch.closed, "kept": launch.kept}
    return [(what, ROW_WORDS[what], number) for what, number in counts.items()]
