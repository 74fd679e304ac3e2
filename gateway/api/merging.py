"""Merging over HTTP: `POST /v1/leads/ID/merge`."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.sql.merges import SqlMerges
from gateway.api.act_problems import act_problem
from gateway.api.idempotency import idempotent_route
from gateway.api.keys import viewer_with_scope
from gateway.api.lead_acts import LeadStanding
from gateway.api.lead_documents import LeadId
from gateway.requests.problems import responses
from usecases.acting import ActUnanswered
from usecases.context import Acts, Context
from usecases.merging import MergeAnswer, MergeDone, merge
from usecases.viewer import Viewer

Name = Annotated[str, StringConstraints(min_length=1, max_length=254)]


class MergeBody(BaseModel):
    """The lead that ends, and becomes another name of the lead in the path."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"other": "a.miller@northwind.example"}]},
    )

    other: Name = Field(description="One of its ids, or its address")
    by: Name | None = Field(
        None, description="Who merges them, with an admin's key. A manager's key names its person"
    )


class MergedLead(BaseModel):
    """The two leads are one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "done": True,
                    "merged": "bob",
                    "before": False,
                    "lead": {"lead": "ana", "stage": "sal", "owner": "riley@acme.example"},
                }
            ]
        }
    )

    done: Literal[True] = True
    merged: str = Field(description="The id of the lead that ended")
    before: bool = Field(description="Whether the two were one before this request")
    lead: LeadStanding | None = Field(
        description="The lead that goes on. Null if the database does not answer at this moment"
    )


def router(context: Context, acts: Acts) -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/v1", tags=["leads"], route_class=idempotent_route(context))
    acting_viewer = viewer_with_scope(context, "acts:write")
    known = SqlMerges(context.database)

    @routes.post(
        "/leads/{lead}/merge", responses=responses(400, 401, 403, 404, 409, 413, 422, 429, 503)
    )
    async def merge_lead(
        lead: LeadId,
        body: MergeBody,
        viewer: Annotated[Viewer, Depends(acting_viewer)],
    ) -> MergedLead:
        """Merge another lead into this one: they are one person.

        For managers and admins. The same pair twice is merged once. 409: they can't be merged (a
        lead with itself, an unknown one, one that was merged into a third).
        """
        outcome = await merge(
            context.reports,
            known,
            acts,
            viewer,
            keep=lead,
            other=body.other,
            by=body.by,
            now=context.now(),
        )
        return _answer(outcome)

    return routes


def _answer(outcome: MergeAnswer) -> MergedLead:
    if isinstance(outcome, ActUnanswered):
        raise act_problem(outcome, again=". Ask again: it is done once")
    if not isinstance(outcome, MergeDone):
        raise act_problem(outcome)
    line = outcome.line
    standing = None
    if line is not None:
        fields = {"lead": line.id, "stage": line.stage, "owner": line.owner}
        standing = LeadStanding.model_validate(fields)
    return MergedLead(merged=outcome.other, before=outcome.before, lead=standing)
