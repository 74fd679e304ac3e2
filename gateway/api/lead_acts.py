"""Acts over HTTP: `POST /v1/leads/ID/acts`."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.api.act_fields import ActFields, Address
from gateway.api.act_problems import act_problem
from gateway.api.idempotency import idempotent_route, request_id_seed
from gateway.api.keys import viewer_with_scope
from gateway.api.lead_documents import LeadId
from gateway.requests.problems import responses
from models.inputs import ActName
from models.instants import Instant
from models.program.values import Stage
from usecases.acting import (
    ActDone,
    ActOutcome,
    ActUnanswered,
    perform,
)
from usecases.context import Acts, Context
from usecases.viewer import Viewer


class ActBody(ActFields):
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
    routes = APIRouter(prefix="/v1", tags=["leads"], route_class=idempotent_route(context))
    acting_viewer = viewer_with_scope(context, "acts:write")

    @routes.post(
        "/leads/{lead}/acts", responses=responses(400, 401, 403, 404, 409, 413, 422, 429, 503)
    )
    async def act_on_lead(
        lead: LeadId,
        body: Annotated[ActBody, Body(openapi_examples=_ACT_EXAMPLES)],
        viewer: Annotated[Viewer, Depends(acting_viewer)],
        seed: Annotated[str | None, Depends(request_id_seed)],
    ) -> ActAnswer:
        """Act on a lead: accept it, log a touch, recycle it.

        409: the rules refuse it, and say why. 422: a field is wrong, also a reason that the
        program does not know.
        """
        fields = {"id": seed, **body.model_dump(exclude={"do"}, exclude_none=True)}
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
    if isinstance(outcome, ActUnanswered):
        again = f". Ask again with the id {outcome.id}: it will be done once"
        raise act_problem(outcome, again=again)
    if not isinstance(outcome, ActDone):
        raise act_problem(outcome)
    line = outcome.line
    if line is None:
        return ActAnswer(lead=None)
    standing = {"lead": line.id, "stage": line.stage, "owner": line.owner}
    return ActAnswer(lead=LeadStanding.model_validate(standing))
