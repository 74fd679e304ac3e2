"""The items of intake, as the OpenAPI document describes them.

The doors take items as plain objects, because one bad item must not refuse the good ones beside it.
So these models describe items and do not read them: `usecases.intake` does.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.api.act_fields import ActFields, Address
from models.inputs import ActName
from models.instants import Instant


class ConsentGiven(BaseModel):
    """A consent, as it may have to be shown one day."""

    source: str = Field(description="Where it was given", examples=["trial form"])
    wording: str = Field(description="The words that were agreed to")


class LeadItem(BaseModel):
    """A lead to create or to update. Every field of the program's profile may stand in it."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"email": "ana@northwind.example", "employees": 900, "program": "acme"}]
        },
    )

    email: str
    id: str | int | None = Field(None, description="Your own id of the person")
    program: str | None = Field(None, description="The program's name, if there are several")
    consent: bool | ConsentGiven | None = None
    stage: str | None = Field(None, description="Counts for a new lead only")
    owner: str | None = Field(None, description="Counts for a new lead only")


class EventItem(BaseModel):
    """Something that a lead did. It names the lead by `lead` or by `email`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "web-1", "type": "page.viewed", "email": "ana@northwind.example"}]
        }
    )

    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$", max_length=100)]
    lead: str | int | None = Field(None, description="The lead's id")
    email: str | None = Field(None, description="The lead's address")
    id: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Without it, equal events of one instant are one event"
    )
    at: Instant | None = None
    subject: str = Field("", max_length=10_000)
    data: dict[str, Any] = Field(default={}, description="Any JSON, at most 32 levels deep")
    machine: bool = Field(default=False, description="Whether a machine did it, not a person")
    program: str | None = None


class CrmAct(ActFields):
    """An act of the CRM in the name of a person. It names the lead by `lead`, `email` or both."""

    do: ActName
    by: Address = Field(description="The address of the person who acts")
    lead: str | None = Field(None, description="The lead's id")
    email: str | None = Field(None, description="The lead's address")


class CrmActFields(BaseModel):
    """The fields of an act but `do`, which is the event's type."""

    model_config = ConfigDict(extra="allow")

    by: str = Field(description="The address of the person who acts")


class CrmActEvent(BaseModel):
    """The same act as a CloudEvent."""

    model_config = ConfigDict(extra="allow")

    specversion: Literal["1.0"]
    type: str = Field(description="`lead.` and the act", examples=["lead.recycle"])
    subject: str | None = Field(None, description="The lead's id")
    data: CrmActFields


ITEMS: dict[str, tuple[str, type[BaseModel]]] = {
    "LeadBatch": ("leads", LeadItem),
    "EventBatch": ("events", EventItem),
}
"""The property of a batch that holds items, and their model."""


def name_items(schemas: dict[str, Any]) -> None:
    """Give the items of batches, and signed acts, their schemas in `components.schemas`."""
    for batch, (name, model) in ITEMS.items():
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
        reference = f"#/components/schemas/{model.__name__}"
        schemas[batch]["properties"][name]["items"] = {"$ref": reference}
    for act in (CrmAct, CrmActEvent):
        described = act.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[act.__name__] = described
