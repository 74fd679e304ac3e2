"""What the CRM is sent, as the `webhooks` of the OpenAPI document (OpenAPI 3.1)."""

# Annotations are not postponed here: FastAPI reads them.

from collections.abc import Callable
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from adapters.crm.events import MQL, TYPES
from models.instants import Instant

_EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "7f1c0a9e5b3d48f2a6c47e1d90b85a3c",
    "source": "https://go.acme.example",
    "type": "lead.accepted",
    "subject": "ana",
    "time": "2026-03-02T15:00:00Z",
    "datacontenttype": "application/json",
    "data": {
        "lead": {"id": "ana", "stage": "sal", "program": "acme", "cycle": 1},
        "entry": {"seq": 14, "kind": "accepted", "by": "riley@acme.example"},
    },
}


class CrmEventLead(BaseModel):
    """The lead after the turn that wrote the entry. Fields without a value are left out."""

    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    stage: str
    owner: str | None = None
    team: str | None = None
    program: str
    cycle: int


class CrmEventEntry(BaseModel):
    """The timeline entry, with the fields of its kind."""

    model_config = ConfigDict(extra="allow")

    seq: int
    kind: str


class CrmEventData(BaseModel):
    """What happened, and to which lead."""

    lead: CrmEventLead
    entry: CrmEventEntry


class CrmEventBody(BaseModel):
    """A CloudEvent 1.0, signed by Standard Webhooks."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    specversion: Literal["1.0"]
    id: str = Field(description="The same at each delivery of the event")
    source: str
    type: str
    subject: str = Field(description="The lead's id")
    time: Instant
    datacontenttype: Literal["application/json"]
    data: CrmEventData


def describe_webhooks(app: FastAPI) -> None:
    """Add a webhook for each type of event."""
    for kind in sorted({MQL, *TYPES.values()}):
        app.webhooks.post(kind, operation_id=_operation_id(kind), tags=["crm"])(_receiver(kind))


def _operation_id(kind: str) -> str:
    return f"on_{kind.replace('.', '_')}"


def _receiver(kind: str) -> Callable[[CrmEventBody], None]:
    def receive(body: CrmEventBody) -> None:
        pass

    receive.__doc__ = f"leadflow sends `{kind}`. Answer 2xx within ten seconds to confirm it."
    return receive
