"""Search over all leads, and a lead's page for marketing."""

# Annotations are not postponed here: they name dependencies that the router makes.

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from adapters.reports.board_figures import found_by
from adapters.reports.figures import SqlFigures
from adapters.sql.lead_search import SqlLeadSearch
from gateway.board.numbers import asking
from gateway.board.user import BoardUser, board_user
from gateway.web.desk_session import DeskProblemError
from gateway.web.pages import page
from lifecycle.program.rulebook import rulebook
from lifecycle.words.dossier import dossier
from lifecycle.words.time_text import spoken_instant
from lifecycle.words.timeline_text import deadline_verb, sentence
from usecases.acting import not_there
from usecases.context import Context
from usecases.current_lead import current_dossier
from usecases.explaining import explain_lead

_SearchText = Annotated[str, Query(alias="q", max_length=100)]
_PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
_MOST_ENTRIES = 200
"""How many entries of a timeline a page shows, the latest first."""


def router(context: Context) -> APIRouter:
    """The routes of the search and of a lead."""
    routes = APIRouter(include_in_schema=False)
    current_user = board_user(context)
    figures = SqlFigures(context.database)
    found = SqlLeadSearch(context.database)

    @routes.get("/board/leads")
    def search(
        user: Annotated[BoardUser, Depends(current_user)],
        find: _SearchText = "",
        number: _PageNumber = 1,
    ) -> HTMLResponse:
        """Search all leads by name, company, address or id."""
        wanted = find.replace("\0", "").strip()
        shown = (
            figures.listed(found_by(found, wanted), asking(context, user), only={}, number=number)
            if wanted
            else None
        )
        return page(
            "board_leads.html",
            context,
            zone=user.zone,
            user=user,
            find=find,
            shown=shown,
            path=f"/board/leads?{urlencode({'q': find})}",
        )

    @routes.get("/board/leads/{lead}")
    def one(lead: str, user: Annotated[BoardUser, Depends(current_user)]) -> HTMLResponse:
        """Show a lead: its place, why it does not go on, and its timeline."""
        own = context.reports.with_id(lead) if "\0" not in lead else None
        stored = context.reports.dossier(own or lead) if "\0" not in lead else None
        if stored is None:
            raise DeskProblemError(404, f"{not_there(lead).why.capitalize()}.")
        stored = current_dossier(context.database, stored)
        state, now = stored.state, context.now()
        program = context.programs.load(state.digest)
        newest = context.programs.newest_digest(state.program)

        def when(at: datetime) -> str:
            return spoken_instant(at, now, user.zone)

        return page(
            "board_lead.html",
            context,
            zone=user.zone,
            user=user,
            dossier=dossier(rulebook(program), state, stored.timeline, now),
            state=state,
            line=stored.line,
            newest=newest,
            why=explain_lead(state, stored.timeline, context.programs, user.people, now),
            timeline=[
                (entry.at, sentence(entry, when))
                for entry in reversed(stored.timeline[-_MOST_ENTRIES:])
            ],
            versions=[
                (entry.at, entry.fields)
                for entry in stored.timeline
                if entry.kind == "program_changed"
            ],
            tracks=[
                (entry.at, entry.kind == "track_entered", entry.fields)
                for entry in stored.timeline
                if entry.kind in ("track_entered", "track_left")
            ],
            verb=deadline_verb,
        )

    return routes
