"""Events and acts from outside: JSON or YAML mappings, read into inputs.

All doors (signals, updates, scenarios, HTTP, the command line) read messages here, so the same
mistake has the same sentence everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
)

from models.inputs import ACTS, Act, Event
from models.instants import Instant, parse_instant, whole_second, write_instant
from models.plain_json import check_plain

Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=3, max_length=254),
]


def _whole_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_whole_text), StringConstraints(max_length=10_000)]


class StrictMessage(BaseModel):
    """Unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class EventMessage(StrictMessage):
    """`{type, id?, at?, subject?, data?, machine?}`."""

    type: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$", max_length=100)
    id: Annotated[Text, StringConstraints(min_length=1, max_length=200)] | None = None
    at: Instant | None = None
    subject: Text = ""
    data: dict[str, Any] = {}
    machine: StrictBool = False


class ActMessage(StrictMessage):
    """`{by, id?, at?, via?, …}`: the fields of acts. The rules say which act needs which field."""

    by: Address
    id: Annotated[Text, StringConstraints(min_length=1, max_length=200)] | None = None
    at: Instant | None = None
    reason: Text | None = None
    until: Instant | None = None
    why: Text | None = None
    to: Address | None = None
    channel: Text | None = None
    note: Text | None = None
    amount: Annotated[float, Field(allow_inf_nan=False)] | None = None
    currency: Text | None = None
    task: Text | None = None
    via: Annotated[Text, StringConstraints(max_length=100)] | None = None


_ERROR_WORDS = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_long": "is too long",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping of names to values",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number that can be counted with",
}
"""Our words for pydantic's kinds of errors."""


def _sentence(error: ValidationError) -> str:
    parts = []
    for one in error.errors(include_url=False, include_context=False):
        place = ".".join(str(part) for part in one["loc"]) or "message"
        said = _ERROR_WORDS.get(one["type"], one["msg"].removeprefix("Value error, "))
        if place == "type" and one["type"] == "string_pattern_mismatch":
            said = "is not an event type; write two lower-case words like page.viewed"
        parts.append(f"{place}: {said}")
    return "; ".join(parts)


def read_event(raw: object, arrived: datetime, *, ref: int = 0) -> Event:
    """Read an event that arrived at `arrived`. Raises ValueError with one sentence.

    Without an id, equal events that happened at the same instant have the same id.
    """
    if not isinstance(raw, Mapping):
        raise ValueError("an event is a mapping with at least a type")
    check_plain(raw)
    try:
        message = EventMessage.model_validate(dict(raw))
    except ValidationError as error:
        raise ValueError(_sentence(error)) from None
    arrived = whole_second(arrived)
    at = min(message.at or arrived, arrived)
    return Event(
        id=message.id or _event_id(message, at),
        type=message.type,
        at=at,
        arrived=arrived,
        ref=ref,
        subject=message.subject,
        data=message.data,
        machine=message.machine,
    )


READ = "read"
"""Marks the body of an event that was read once, at the first door that it passed."""


def written_event(event: Event) -> dict[str, Any]:
    """An event as JSON values that need no second reading: see `event_of`."""
    return {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "at": write_instant(event.at),
        "data": dict(event.data),
        "machine": event.machine,
        READ: True,
    }


def is_read(body: object) -> bool:
    """Whether this is an event's body that `written_event` wrote."""
    return isinstance(body, Mapping) and body.get(READ) is True and isinstance(body.get("id"), str)


def event_of(body: Mapping[str, Any], arrived: datetime, *, ref: int = 0) -> Event:
    """The event of a body that `written_event` wrote; its values are not checked again.

    Raises ValueError for a body that somebody else marked as read and that has no such shape.
    """
    texts = [body.get(name) for name in ("id", "type", "subject", "at")]
    data, machine = body.get("data"), body.get("machine")
    whole = all(isinstance(one, str) for one in texts)
    if not (whole and isinstance(data, Mapping) and isinstance(machine, bool)):
        raise ValueError("an event that is marked as read has id, type, subject, at, data, machine")
    arrived = whole_second(arrived)
    return Event(
        id=str(body["id"]),
        type=str(body["type"]),
        at=min(parse_instant(body["at"]), arrived),
        arrived=arrived,
        ref=ref,
        subject=str(body["subject"]),
        data=data,
        machine=machine,
    )


def _event_id(message: EventMessage, at: datetime) -> str:
    parts = [message.type, message.subject, at.isoformat(), message.data, message.machine]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_act(do: str, raw: object, arrived: datetime, *, ref: int = 0) -> Act:
    """Read the act `do` that arrived at `arrived`. Raises ValueError with one sentence.

    An act happens when it arrives. Its `at` is checked but not used.
    """
    if do not in ACTS:
        raise ValueError(f"'{do}' is not an act; there are {', '.join(ACTS)}")
    if not isinstance(raw, Mapping):
        raise ValueError("an act is a mapping with at least by, the address of who acts")
    check_plain(raw, allow_nan=True)  # the model below says which number is wrong
    try:
        message = ActMessage.model_validate(dict(raw))
    except ValidationError as error:
        raise ValueError(_sentence(error)) from None
    fields = message.model_dump(exclude={"at"})
    if message.until is not None:
        fields["until"] = message.until
    return Act(do=do, arrived=whole_second(arrived), ref=ref, **fields)


LATE_AFTER = timedelta(hours=72)
"""An event older than this when it arrives is late (docs/language.md section 4)."""
