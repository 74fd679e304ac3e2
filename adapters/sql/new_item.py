"""Something new for a lead: one event, or the data of a lead, as the intake stores it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from models.inputs import Act, Event
from models.instants import write_instant
from models.messages import read_event, written_event

LONGEST_DATA = 100_000
"""The most characters of an event's data, because a lead's history keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """Something for a lead that arrived from outside and was checked.

    Make one by `event` or `lead_data`; only they know what the body looks like.
    """

    lead: str
    item: str
    """The event's id, by which a repetition is recognised; `lead/…` for a lead's data."""
    kind: Literal["event", "lead", "act"]
    body: Mapping[str, Any]
    """An event as `models.messages.written_event` writes it; `{program, profile, creation?}`; or an
    act as its sender would write it, with `do`."""
    arrived: datetime
    """By the program's clock."""
    delay: timedelta = timedelta(0)
    """The item is not sent to the lead before this time has passed (real time)."""
    address: str = ""
    """The e-mail address that an event is about; empty: the lead's own. It is not stored."""

    @classmethod
    def event(
        cls, lead: str, raw: object, *, arrived: datetime, address: str = "", **more: Any
    ) -> Self:
        """An event of a lead, read once, here. Raises ValueError with one sentence.

        `raw` is a mapping with the keys of `models.messages.EventMessage`. Without `at` the event
        happened when it arrived; without `id` equal events of one instant have the same id.
        """
        event = read_event(raw, arrived)
        if len(repr(event.data)) > LONGEST_DATA:
            raise ValueError(f"data: it is longer than {LONGEST_DATA:,} characters")
        return cls(
            lead=lead,
            item=event.id,
            kind="event",
            body=written_event(event),
            arrived=arrived,
            address=address,
            **more,
        )

    @classmethod
    def forwarded(cls, lead: str, given: Event | Act, *, arrived: datetime) -> Self:
        """An event or act that reached a lead that was merged into this one."""
        if isinstance(given, Event):
            event = written_event(given)
            return cls(lead=lead, item=given.id, kind="event", body=event, arrived=arrived)
        body = {
            name: write_instant(value) if isinstance(value, datetime) else value
            for name, value in asdict(given).items()
            if value is not None and name not in ("arrived", "ref")
        }
        text = json.dumps([body, write_instant(arrived)], sort_keys=True)
        said = given.id or hashlib.sha256(text.encode()).hexdigest()[:16]
        return cls(
            lead=lead,
            item=f"act/{said}",
            kind="act",
            body={**body, "id": said},
            arrived=arrived,
        )

    @classmethod
    def lead_data(
        cls,
        lead: str,
        program: str,
        profile: Mapping[str, Any],
        *,
        arrived: datetime,
        creation: Mapping[str, str] | None = None,
    ) -> Self:
        """A new lead on a program, or new data of one that exists.

        `creation` is what counts for a new lead alone: `stage`, `owner`.
        """
        body = {"program": program, "profile": dict(profile)}
        if creation:
            body["creation"] = dict(creation)
        text = json.dumps([body, write_instant(arrived)], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return cls(lead=lead, item=f"lead/{digest}", kind="lead", body=body, arrived=arrived)
