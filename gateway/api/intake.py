"""Leads and events from other systems: `POST /v1/leads` and `POST /v1/events`.

Accepted means stored. A bad item never spoils the good ones beside it: each has a result.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters.sql.api_keys import KnownKey
from gateway.api.idempotency import idempotent_route, request_id_seed
from gateway.api.keys import key_with_scope
from gateway.requests.problems import Fault, ProblemError, responses
from usecases import grants
from usecases.context import Context
from usecases.intake import ItemOutcome, accept_events, accept_leads
from usecases.named_programs import NoProgramError
from usecases.rejected import RejectionCode

MOST_ITEMS = 1_000

Item = Any
"""An item is judged alone: also one that is no object must not refuse those beside it."""


class LeadBatch(BaseModel):
    """Leads to create or to update."""

    model_config = ConfigDict(extra="forbid")

    leads: list[Item] = Field(
        min_length=1,
        max_length=MOST_ITEMS,
        description="Each has an `email` and any fields of the profile; `id`, `program` and"
        " `consent: {source, wording}` if they matter; `stage` and `owner`"
        " count for a new lead alone.",
    )


class EventBatch(BaseModel):
    """Events of leads."""

    model_config = ConfigDict(extra="forbid")

    events: list[Item] = Field(
        min_length=1,
        max_length=MOST_ITEMS,
        description="Each has a `type`, and a `lead`, an `email` or both; `id` (else equal events"
        " at one instant are one), `at`, `subject`, `data`, `machine`, `program` if they matter.",
    )


_OUTCOMES_EXAMPLE: dict[str, Any] = {
    "results": [
        {
            "index": 0,
            "status": "accepted",
            "lead": "4cf6e5b3a5b1a1f0",
            "code": None,
            "why": None,
        },
        {
            "index": 1,
            "status": "rejected",
            "lead": None,
            "code": "unknown_lead",
            "why": "there is no lead 'nobody'; create it by POST /v1/leads",
        },
    ]
}


class IntakeAnswer(BaseModel):
    """What became of one item, in the order they were sent."""

    index: int = Field(description="The item's place in the request, from 0")
    status: Literal["accepted", "duplicate", "rejected"]
    lead: str | None = None
    code: RejectionCode | None = Field(
        None, description="Of a rejected item: which kind of reason it is"
    )
    why: str | None = Field(None, description="What was wrong, and what would be right")


class Outcomes(BaseModel):
    """One outcome an item."""

    model_config = ConfigDict(json_schema_extra={"examples": [_OUTCOMES_EXAMPLE]})

    results: list[IntakeAnswer]


_LEADS_EXAMPLE = {
    "leads": [
        {
            "email": "ana@northwind.example",
            "first_name": "Ana",
            "employees": 900,
            "country": "DE",
            "program": "acme",
            "consent": {"source": "trial form", "wording": "Yes, send me news."},
        }
    ]
}
_EVENTS_EXAMPLE = {
    "events": [
        {
            "id": "web-1",
            "type": "page.viewed",
            "email": "ana@northwind.example",
            "subject": "/pricing",
            "at": "2026-03-02T09:00:00-05:00",
        }
    ]
}
_ANSWERS = responses(400, 401, 403, 409, 413, 422, 429, 503)


_EVENT_SCOPES = sorted(grants.ALL)
"""Any of them opens the route; each event is judged by its type."""


def router(context: Context) -> APIRouter:
    """The two routes."""
    routes = APIRouter(prefix="/v1", tags=["intake"], route_class=idempotent_route(context))
    writes_leads = key_with_scope(context, "leads:write")
    writes_events = key_with_scope(context, *_EVENT_SCOPES)

    @routes.post(
        "/leads",
        status_code=202,
        responses=_ANSWERS,
    )
    def send_leads(
        body: Annotated[LeadBatch, Body(examples=[_LEADS_EXAMPLE])],
        key: Annotated[KnownKey, Depends(writes_leads)],
        _: Annotated[str | None, Depends(request_id_seed)],
    ) -> Outcomes:
        """Create leads, or update those that exist. 422, with each reason, if all are rejected."""
        try:
            outcomes = accept_leads(context.intake_now(), body.leads, key.scopes)
        except NoProgramError as error:
            raise ProblemError(422, str(error)) from None
        if all(one.status == "rejected" for one in outcomes):
            raise ProblemError(
                422,
                "every item was rejected",
                errors=[
                    Fault(
                        path=f"body.leads[{place}]",
                        problem=one.why or "",
                        index=place,
                        code=one.code,
                    )
                    for place, one in enumerate(outcomes)
                ],
            )
        return _outcomes(outcomes)

    @routes.post(
        "/events",
        status_code=202,
        responses=_ANSWERS,
    )
    def send_events(
        body: Annotated[EventBatch, Body(examples=[_EVENTS_EXAMPLE])],
        key: Annotated[KnownKey, Depends(writes_events)],
        seed: Annotated[str | None, Depends(request_id_seed)],
    ) -> Outcomes:
        """Record what leads did. The same id of the same lead counts once.

        `email.*` needs the scope `mail:write`, `consent.*` needs `consents:write`, and
        `profile.updated` needs `profiles:write`.
        """
        events = body.events
        if seed is not None:
            events = [
                {"id": f"{seed}/{place}", **one} if isinstance(one, dict) else one
                for place, one in enumerate(events)
            ]
        return _outcomes(accept_events(context.intake_now(), events, key.scopes))

    return routes


def _outcomes(outcomes: Sequence[ItemOutcome]) -> Outcomes:
    return Outcomes(
        results=[
            IntakeAnswer(index=place, status=x.status, lead=x.lead, code=x.code, why=x.why)
            for place, x in enumerate(outcomes)
        ]
    )
