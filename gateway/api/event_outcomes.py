"""What became of an event: `GET /v1/leads/ID/events/EVENT`."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from adapters.reports.event_outcomes import Outcome, SqlEventOutcomes
from adapters.sql.api_keys import KnownKey
from gateway.api.keys import key_with_scope
from gateway.api.lead_documents import LeadId
from gateway.requests.problems import ProblemError, responses
from models.instants import Instant
from usecases import grants
from usecases.context import Context

EventId = Annotated[str, Path(description="The event's id, as it was sent", examples=["web-1"])]


class EventOutcomeDocument(BaseModel):
    """How far an event has come."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcome": "ignored",
                    "why": "duplicate",
                    "arrived": "2026-03-02T14:00:00Z",
                    "seq": 9,
                }
            ]
        }
    )

    outcome: Outcome = Field(
        description="`waiting`: stored, not sent to the lead yet. `delivered`: the lead has it."
        " `recorded`, `ignored`: it is on the timeline. `given_up`: it reached nobody"
    )
    why: str | None = Field(description="Why it waits, was ignored or was given up")
    arrived: Instant | None = Field(description="When it was accepted; kept for 30 days")
    seq: int | None = Field(description="The number of its timeline entry")


def router(context: Context) -> APIRouter:
    """The route. It is for the sender of events; the answer has no personal data."""
    routes = APIRouter(prefix="/v1", tags=["intake"])
    outcomes = SqlEventOutcomes(context.database)
    sender = key_with_scope(context, *sorted(grants.ALL))

    @routes.get(
        "/leads/{lead}/events/{event:path}", responses=responses(401, 403, 404, 422, 429, 503)
    )
    def read_event_outcome(
        lead: LeadId, event: EventId, _: Annotated[KnownKey, Depends(sender)]
    ) -> EventOutcomeDocument:
        """What became of an event that was accepted."""
        own = context.reports.with_id(lead) or lead
        found = outcomes.of(own, event) if "\0" not in lead + event else None
        if found is None:
            raise ProblemError(
                404, "no such event of this lead was accepted in the last 30 days or recorded"
            )
        return EventOutcomeDocument(
            outcome=found.outcome, why=found.why, arrived=found.arrived, seq=found.seq
        )

    return routes
