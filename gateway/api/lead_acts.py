"""Acts over HTTP: `POST /v1/leads/ID/acts`."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.api.keys import viewer_with_scope
from gateway.api.lead_documents import LeadId
from gateway.requests.problems import ProblemError, faulty, responses
from models.inputs import ActName
from models.instants import Instant
from models.program.values import Stage
from usecases.acting import (
    ActDone,
    ActFailed,
    ActMalformed,
    ActNotAllowed,
    ActOutcome,
    ActRefused,
    ActUnanswered,
    LeadNotThere,
    perform,
)
from usecases.context import Acts, Context
from usecases.viewer import Viewer

Text = Annotated[str, StringConstraints(max_length=10_000)]
Address = Annotated[str, StringConstraints(min_length=3, max_length=254)]


class ActBody(BaseModel):
    """An act: what a person decides about a lead. The rules say which fields an act needs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    do: ActName
    by: Address | None = Field(
        None,
        description="The address of the person who acts. With a person's key, leave it out: it"
        " acts as that person. With an admin's key, name one.",
    )
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="The act's id. If you send it again with the same id, it is done once"
    )
    at: Instant | None = Field(None, description="Ignored: an act happens when it arrives")
    reason: Text | None = None
    until: Instant | None = None
    why: Text | None = None
    to: Address | None = None
    channel: Text | None = None
    note: Text | None = None
    amount: Annotated[float, Field(allow_inf_nan=False)] | None = None
    currency: Text | None = None
    task: Text | None = None


class LeadStanding(BaseModel):
    """The lead after the act."""

    lead: str
    stage: Stage
    owner: str | None


class ActAnswer(BaseModel):
    """The act is done, now or at an earlier request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "done": True,
                    "lead": {"lead": "ana", "stage": "sal", "owner": "riley@acme.example"},
                }
            ]
        }
    )

    done: Literal[True] = True
    lead: LeadStanding | None = Field(
        description="Null if the database does not answer at this moment"
    )


_ACT_EXAMPLES: dict[str, Any] = {
    "accept": {"value": {"do": "accept", "id": "crm-4711"}},
    "touch": {"value": {"do": "touch", "channel": "call", "note": "wants a quote"}},
    "recycle": {"value": {"do": "recycle", "reason": "not_now", "until": "2026-06-01T09:00:00Z"}},
    "churn": {"value": {"do": "churn", "reason": "cancelled"}},
    "reassign": {"value": {"do": "reassign", "to": "sam@acme.example"}},
    "hold": {"value": {"do": "hold", "until": "2026-03-05T14:00:00-05:00", "why": "on holiday"}},
    "open_opportunity": {"value": {"do": "open_opportunity", "amount": 24000, "currency": "USD"}},
}


def router(context: Context, acts: Acts) -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/v1", tags=["leads"])
    acting_viewer = viewer_with_scope(context, "acts:write")

    @routes.post(
        "/leads/{lead}/acts", responses=responses(400, 401, 403, 404, 409, 413, 422, 429, 503)
    )
    async def act_on_lead(
        lead: LeadId,
        body: Annotated[ActBody, Body(openapi_examples=_ACT_EXAMPLES)],
        viewer: Annotated[Viewer, Depends(acting_viewer)],
    ) -> ActAnswer:
        """Act on a lead: accept it, log a touch, recycle it. 409: the rules say no, and why."""
        fields = body.model_dump(exclude={"do"})
        outcome = await perform(
            context.reports,
            acts,
            context.arrivals,
            viewer,
            lead=lead,
            do=body.do,
            fields=fields,
            now=context.now(),
        )
        return _answer(outcome)

    return routes


def _answer(outcome: ActOutcome) -> ActAnswer:
    if not isinstance(outcome, ActDone):
        raise _problem(outcome)
    line = outcome.line
    if line is None:
        return ActAnswer(lead=None)
    standing = {"lead": line.id, "stage": line.stage, "owner": line.owner}
    return ActAnswer(lead=LeadStanding.model_validate(standing))


def _problem(outcome: ActFailed) -> ProblemError:
    match outcome:
        case ActRefused(why):
            return ProblemError(409, why)
        case ActNotAllowed(why):
            return ProblemError(403, why)
        case LeadNotThere(why):
            return ProblemError(404, why)
        case ActMalformed(why):
            return faulty("body", why)
        case ActUnanswered(why, identity):
            return ProblemError(
                503,
                f"{why}. Ask again with the id {identity}: it will be done once",
                headers={"Retry-After": "5"},
            )
