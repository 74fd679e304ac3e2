"""The pages of reports: figures with their definitions, each a link to what it counts."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from adapters.reports.figures import PAGE as ENTRIES_A_PAGE
from adapters.reports.names import names_of
from gateway.board.answers import Answers
from gateway.board.downloads import csv_download
from gateway.board.user import BoardUser, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.outcomes import as_sentence
from gateway.web.pages import page
from usecases import kept_reports, reporting
from usecases.context import Context
from usecases.kept_reports import query_of
from usecases.reporting import Wanted

PATH = "/board/reports"
_Text = Annotated[str, Query(max_length=100)]
_Name = Annotated[str, Query(max_length=500)]
_Grouping = Annotated[list[str], Query(max_length=4)]
_PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


def asked(
    name: str,
    *,
    program: _Text = "",
    since: _Text = "",
    until: _Text = "",
    as_of: _Text = "",
    by: _Grouping = [],  # noqa: B006  # FastAPI copies it
) -> Wanted:
    """What the query of a page asks; what is empty is not asked."""
    if name not in reporting.NAMES:
        raise DeskProblemError(404, "There is no such report.")
    if any("\0" in one for one in (program, since, until, as_of, *by)):
        raise DeskProblemError(422, "This link is not whole.")
    return Wanted(
        name=name,
        since=since or None,
        until=until or None,
        as_of=as_of or None,
        by=tuple(dict.fromkeys(one for one in by if one)),
        program=program or None,
    )


def router(context: Context) -> APIRouter:
    """The routes of all reports."""
    routes = APIRouter(include_in_schema=False)
    current_user, answers = board_user(context), Answers()
    address = context.database.address

    async def answer(function: Any, wanted: Wanted, *more: Any) -> Any:
        """What a function finds in the background; None while it is being made."""

        async def make() -> Any:
            return await context.report_work.call(function, address, wanted, context.now(), *more)

        try:
            return await answers.get((function.__name__, wanted, *more), make)
        except reporting.UnknownNameError as error:
            raise DeskProblemError(422, as_sentence(str(error))) from None

    @routes.get(PATH)
    def first(_: Annotated[BoardUser, Depends(current_user)]) -> RedirectResponse:
        """Redirect to the first report."""
        return RedirectResponse(f"{PATH}/{reporting.NAMES[0]}", 303)

    @routes.get(PATH + "/{name}")
    async def show(
        user: Annotated[BoardUser, Depends(current_user)],
        wanted: Annotated[Wanted, Depends(asked)],
    ) -> HTMLResponse:
        """Show a report."""
        found = await answer(kept_reports.report_page, wanted, PATH)
        return _page(context, user, wanted, found)

    @routes.get(PATH + "/{name}/csv")
    async def as_csv(
        user: Annotated[BoardUser, Depends(current_user)],
        wanted: Annotated[Wanted, Depends(asked)],
    ) -> Response:
        """The report as a file."""
        found = await answer(kept_reports.report_csv, wanted)
        if found is None:
            return _page(context, user, wanted, None)
        return csv_download([found], f"{wanted.name}.csv")

    @routes.get(PATH + "/{name}/leads")
    async def leads(
        user: Annotated[BoardUser, Depends(current_user)],
        wanted: Annotated[Wanted, Depends(asked)],
        *,
        table: Annotated[int, Query(ge=0, le=1_000)] = 0,
        row: _Name = "",
        column: _Name = "",
        number: _PageNumber = 1,
    ) -> HTMLResponse:
        """Show what a figure counts: entries of leads' timelines."""
        place = (table, row, column)
        found = await answer(kept_reports.counted_page, wanted, *place, number, ENTRIES_A_PAGE)
        if found is None:
            return _page(context, user, wanted, None)
        query = [*query_of(wanted), ("table", str(table)), ("row", row), ("column", column)]
        return page(
            "board_report_leads.html",
            context,
            zone=user.zone,
            user=user,
            wanted=wanted,
            row=row,
            column=column,
            found=found,
            names=names_of(context.database, [one.lead for one in found.entries]),
            number=number,
            size=ENTRIES_A_PAGE,
            path=f"{PATH}/{wanted.name}/leads?{urlencode(query)}",
            back=f"{PATH}/{wanted.name}?{urlencode(query_of(wanted))}",
        )

    return routes


def _page(
    context: Context, user: BoardUser, wanted: Wanted, found: kept_reports.ReportPage | None
) -> HTMLResponse:
    pinned = urlencode(query_of(found.pinned)) if found is not None else ""
    return page(
        "board_report.html",
        context,
        zone=user.zone,
        user=user,
        wanted=wanted,
        names=reporting.NAMES,
        programs=context.programs.names(),
        groupings=reporting.groupings(wanted.name),
        found=found,
        parts=Markup(found.html) if found is not None else "",  # noqa: S704  # parts_of escapes
        share=f"{context.links.public_url}{PATH}/{wanted.name}?{pinned}",
        csv=f"{PATH}/{wanted.name}/csv?{pinned}",
    )
