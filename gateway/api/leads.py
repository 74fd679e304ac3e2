"""Leads over HTTP: the list, and one lead's dossier.

A viewer gets only the leads that they may see. Another lead is answered like a missing one (404).
"""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from adapters.documents.problems import meant
from adapters.reports.lead_pages import Order, SqlLeadPages
from gateway.api.keys import viewer_with_scope
from gateway.api.lead_documents import LINE, DossierDocument, LeadDocument, LeadId
from gateway.requests.problems import ProblemError, faulty, responses
from models.instants import Instant
from models.program.values import Stage
from usecases.acting import not_there, visible
from usecases.context import Context
from usecases.current_lead import current_dossier
from usecases.viewer import Viewer

_MOST_LEADS = 500
_MOST_ENTRIES = 1_000


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it holds characters that a name or an address can't have")
    return text


Named = Annotated[str, StringConstraints(min_length=1, max_length=254), AfterValidator(_printable)]


class LeadsQuery(BaseModel):
    """Which leads to list."""

    model_config = ConfigDict(extra="forbid")

    stage: Stage | None = Field(None, examples=["mql"])
    owner: Named | None = Field(
        None, description="A sales person's address", examples=["riley@acme.example"]
    )
    team: Named | None = Field(None, description="The team that has the handoff", examples=["sdr"])
    program: Named | None = Field(None, description="The program's name", examples=["acme"])
    email: Named | None = Field(
        None, description="The lead's address", examples=["ana@northwind.example"]
    )
    find: Named | None = Field(
        None,
        description="A part of the lead's name, company or address, in any case; or one of its ids",
        examples=["northwind"],
    )
    updated_since: Instant | None = Field(
        None,
        description="Leads to which something happened at or after this instant. To follow all"
        " changes, ask with `order=lead` and the instant of your request before.",
        examples=["2026-03-05T00:00:00Z"],
    )
    due_before: Instant | None = Field(
        None,
        description="Leads whose deadline is before this instant, or was missed. The deadline is"
        " the handoff's clock (`accept`, `first_touch`, `qualify`), not what the rules do next.",
        examples=["2026-03-05T23:00:00Z"],
    )
    order: Order = Field(
        "urgency",
        description="`urgency`: breached leads first, then by deadline, then the others. `lead`:"
        " by id, so that you get each lead once although deadlines move while you read.",
    )
    limit: int = Field(100, ge=1, le=_MOST_LEADS)
    after: str | None = Field(
        None, max_length=1_000, description="`next` of the page before, to get the page after it"
    )


class LeadsDocument(BaseModel):
    """A page of leads."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"leads": [LINE], "next": None}]})

    leads: list[LeadDocument]
    next: str | None = Field(
        description="Give it as `after` for the next page. Null: this is the last page"
    )


class TimelineQuery(BaseModel):
    """Which part of the timeline to return."""

    model_config = ConfigDict(extra="forbid")

    timeline: int = Field(
        200, ge=0, le=_MOST_ENTRIES, description="How many entries, the newest ones"
    )
    before: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Only entries before the one with this number (`seq`)"
    )


def router(context: Context) -> APIRouter:
    """The two routes."""
    routes = APIRouter(prefix="/v1", tags=["leads"])
    pages = SqlLeadPages(context.database)
    reading_viewer = viewer_with_scope(context, "leads:read")

    @routes.get("/leads", responses=responses(401, 403, 422, 429, 503))
    def list_leads(
        query: Annotated[LeadsQuery, Query()], viewer: Annotated[Viewer, Depends(reading_viewer)]
    ) -> LeadsDocument:
        """List leads page by page, by default the most urgent first."""
        _refuse_unknown(context, query)
        try:
            page = pages.page(
                sight=viewer.sight,
                **query.model_dump(exclude={"due_before", "updated_since"}),
                due_before=query.due_before,
                updated_since=query.updated_since,
            )
        except ValueError as error:
            raise faulty("query.after", str(error)) from None
        return LeadsDocument(leads=[LeadDocument.of(one) for one in page.leads], next=page.next)

    @routes.get("/leads/{lead}", responses=responses(401, 403, 404, 422, 429, 503))
    def read_lead(
        lead: LeadId,
        query: Annotated[TimelineQuery, Query()],
        viewer: Annotated[Viewer, Depends(reading_viewer)],
    ) -> DossierDocument:
        """All that is known of one lead."""
        found = None
        if (line := visible(context.reports, viewer, lead)) is not None:
            found = context.reports.dossier(line.id, last=query.timeline, before=query.before)
        if found is None or not viewer.sees(found.line):
            raise ProblemError(404, not_there(lead).why)
        return DossierDocument.of_dossier(current_dossier(context.database, found))

    return routes


def _refuse_unknown(context: Context, query: LeadsQuery) -> None:
    """Refuse an unknown name. Otherwise a misspelt name would look like a list without leads."""
    teams, programs = context.people.directory().teams, context.programs.names()
    if query.team is not None and query.team not in teams:
        raise faulty("query.team", f"there is no such team; {meant(query.team, teams)}")
    if query.program is not None and query.program not in programs:
        message = f"no such program was published; {meant(query.program, programs)}"
        raise faulty("query.program", message)
