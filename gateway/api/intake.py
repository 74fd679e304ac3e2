"""Leads and events from other systems: `POST /v1/leads` and `POST /v1/events`.

Accepted means stored. A bad item never spoils the good ones beside it: each has a result.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters.sql.intake import NewItem
from gateway.api.keys import needs
from gateway.requests.problems import told
from lifecycle.nurture.consent import LONGEST
from lifecycle.program.profile import read_profile
from lifecycle.stable_hash import lead_id
from models.instants import write_instant
from models.messages import read_event
from models.program.program import Program
from usecases.context import Context

MOST_ITEMS = 1_000
_LONGEST_DATA = 100_000
"""Characters of an event's data: what is told to a lead stays in its history."""
LEAD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,99}")
"""What may name a lead from outside."""
ADDRESS = re.compile(r"[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,255}")
"""What may be an address; it must be printable, too."""

Item = dict[str, Any]


class LeadBatch(BaseModel):
    """Leads to create or to update."""

    model_config = ConfigDict(extra="forbid")

    leads: list[Item] = Field(
        min_length=1,
        max_length=MOST_ITEMS,
        description="Each has an `email` and any fields of the profile; `id`, `program` and"
        " `consent: {source, wording}` if they matter.",
    )


class EventBatch(BaseModel):
    """Events of leads."""

    model_config = ConfigDict(extra="forbid")

    events: list[Item] = Field(
        min_length=1,
        max_length=MOST_ITEMS,
        description="Each has a `type` and a `lead` or an `email`; `id` (else equal events at one"
        " instant are one), `at`, `subject`, `data`, `machine` and `program` if they matter.",
    )


_OUTCOMES_EXAMPLE: dict[str, Any] = {
    "results": [
        {"status": "accepted", "lead": "4cf6e5b3a5b1a1f0", "why": None},
        {
            "status": "rejected",
            "lead": None,
            "why": "there is no lead 'nobody'; create it by POST /v1/leads",
        },
    ]
}


class IntakeAnswer(BaseModel):
    """What became of one item, in the order they were sent."""

    status: Literal["accepted", "duplicate", "rejected"]
    lead: str | None = None
    why: str | None = None
    """What was wrong, and what would be right."""


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
_ANSWERS = told(400, 401, 403, 413, 422, 429, 503)


class _RejectedError(Exception):
    """This item can't be taken; the message says what would be right."""


def router(context: Context) -> APIRouter:
    """The two routes."""
    routes = APIRouter(prefix="/v1", tags=["intake"])

    @routes.post(
        "/leads",
        status_code=202,
        responses=_ANSWERS,
        dependencies=[Depends(needs(context, "leads:write"))],
    )
    def leads(body: Annotated[LeadBatch, Body(examples=[_LEADS_EXAMPLE])]) -> Outcomes:
        """Create leads, or update those that exist."""
        known = context.intake.leads_of(_addresses(body.leads))
        found = [_or_why(partial(_lead_items, context, one, known)) for one in body.leads]
        return _stored(context, found)

    @routes.post(
        "/events",
        status_code=202,
        responses=_ANSWERS,
        dependencies=[Depends(needs(context, "events:write"))],
    )
    def events(body: Annotated[EventBatch, Body(examples=[_EVENTS_EXAMPLE])]) -> Outcomes:
        """Tell what leads did. The same id of the same lead counts once."""
        addresses = _addresses(body.events)
        leads = context.intake.leads_of(addresses)
        given = (one.get("lead") for one in body.events)
        named = {one for one in given if isinstance(one, str) and LEAD_ID.fullmatch(one)}
        hashed = {lead_id(address) for address in addresses}
        known = context.intake.known({*named, *hashed}) | set(leads.values())
        found = [_or_why(partial(_event_items, context, one, leads, known)) for one in body.events]
        return _stored(context, found)

    return routes


def _or_why(items: Callable[[], list[NewItem]]) -> list[NewItem] | str:
    try:
        return items()
    except _RejectedError as error:
        return str(error)


def _stored(context: Context, found: Sequence[list[NewItem] | str]) -> Outcomes:
    """Store what is good in one transaction; each one's last item says what became of it."""
    fresh = iter(
        context.intake.accept([item for one in found if isinstance(one, list) for item in one])
    )
    results = []
    for one in found:
        if isinstance(one, str):
            results.append(IntakeAnswer(status="rejected", why=one))
            continue
        new = [next(fresh) for _ in one]
        status: Literal["accepted", "duplicate"] = "accepted" if new[-1] else "duplicate"
        results.append(IntakeAnswer(status=status, lead=one[-1].lead))
    return Outcomes(results=results)


def _lead_items(context: Context, raw: Item, known: Mapping[str, str]) -> list[NewItem]:
    _refuse_unwritable(raw)
    address = _address(raw)
    program = _program(context, raw.get("program"))
    consent = raw.get("consent")
    told = ("id", "program", "consent") if isinstance(consent, Mapping) else ("id", "program")
    profile = {name: value for name, value in raw.items() if name not in told}
    read = read_profile(profile, program)
    if read.problems:
        raise _RejectedError("; ".join(read.problems.values()))
    lead = _lead(raw["id"]) if "id" in raw else known.get(address, lead_id(address))
    items = [_creation(context, lead, program, profile)]
    if isinstance(consent, Mapping):
        data = _consent(consent)
        at = write_instant(context.now())
        items.append(_item(context, lead, {"type": "consent.given", "at": at, "data": data}))
    return items


def _consent(given: Mapping[str, object]) -> dict[str, object]:
    """Where a consent was given and to which words, whole: it may have to be shown one day."""
    texts = [one for one in given.values() if isinstance(one, str) and one.strip()]
    if set(given) != {"source", "wording"} or len(texts) != len(given):
        raise _RejectedError("consent: write {source, wording}, both texts; or true or false")
    if max(map(len, texts)) > LONGEST:
        raise _RejectedError(f"consent: a text is longer than {LONGEST:,} characters")
    return dict(given)


def _creation(context: Context, lead: str, program: Program, profile: Item) -> NewItem:
    arrived = context.now()
    body = {"program": program.program, "profile": profile}
    text = json.dumps([body, write_instant(arrived)], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return NewItem(lead=lead, item=f"lead/{digest}", kind="lead", body=body, arrived=arrived)


def _event_items(
    context: Context, raw: Item, leads: Mapping[str, str], known: set[str]
) -> list[NewItem]:
    body = {name: raw[name] for name in raw if name not in ("lead", "email", "program")}
    if ("lead" in raw) == ("email" in raw):
        raise _RejectedError("name the lead by `lead`, its id, or by `email`, its address")
    if "lead" in raw:
        lead = _lead(raw["lead"])
    else:
        address = _address(raw)
        lead = leads.get(address, lead_id(address))
    item = _item(context, lead, body)
    if lead in known:
        return [item]
    if "email" not in raw:
        raise _RejectedError(f"there is no lead '{lead}'; create it by POST /v1/leads")
    program = _program(context, raw.get("program"))
    if not program.intake.create:
        raise _RejectedError(
            "there is no lead with this address, and the program"
            f" '{program.program}' creates none from events (intake.create)"
        )
    known.add(lead)
    return [_creation(context, lead, program, {"email": address}), item]


def _item(context: Context, lead: str, body: Item) -> NewItem:
    now = context.now()
    try:
        event = read_event(body, now)
    except ValueError as error:
        raise _RejectedError(str(error)) from None
    kept = {**body, "id": event.id, "at": write_instant(event.at)}
    if len(repr(event.data)) > _LONGEST_DATA:
        raise _RejectedError(f"data: it is longer than {_LONGEST_DATA:,} characters")
    return NewItem(lead=lead, item=event.id, kind="event", body=kept, arrived=now)


def _program(context: Context, name: object) -> Program:
    names = context.programs.names()
    if name is None and len(names) == 1:
        name = names[0]
    program = context.programs.newest(name) if isinstance(name, str) and name in names else None
    if program is None:
        said = "say by `program` which one" if name is None else "there is no such program"
        raise _RejectedError(f"{said}; published are: {', '.join(names) or 'none yet'}")
    return program


def _address(raw: Item) -> str:
    given = raw.get("email")
    address = given.strip().lower() if isinstance(given, str) else ""
    if not ADDRESS.fullmatch(address) or not address.isprintable():
        raise _RejectedError("email: write an address like ana@northwind.example")
    return address


def _addresses(items: Sequence[Item]) -> list[str]:
    given = (one.get("email") for one in items)
    found = (one.strip().lower() for one in given if isinstance(one, str))
    return [one for one in found if ADDRESS.fullmatch(one) and one.isprintable()]


def _lead(given: object) -> str:
    if not isinstance(given, str) or not LEAD_ID.fullmatch(given):
        raise _RejectedError("a lead's id is up to 100 letters, digits and any of _ . @ + -")
    return given


def _refuse_unwritable(raw: Item) -> None:
    try:
        text = json.dumps(raw, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        text = "\\u0000"
    if "\\u0000" in text:
        raise _RejectedError("it holds characters or nested values that can't be written down")
