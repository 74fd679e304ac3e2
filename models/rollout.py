"""A rollout: sends what a program does (a publication, a pause, its end) to its leads in flight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.publication import InFlight

if TYPE_CHECKING:  # the command line shows its help without pydantic
    from models.state import LeadState

Json = dict[str, Any]

RATE = 100.0
"""Leads a second, unless somebody says otherwise."""
PAUSE, RESUME, PUBLISH = "pause", "resume", "publish"


def publication_body(to: str, in_flight: InFlight, *, recheck: bool) -> Json:
    """What a publication does to each lead in flight."""
    return {"do": PUBLISH, "to": to, "in_flight": in_flight, "recheck": recheck}


def reengage_body(run: str, version: str) -> Json:
    """What a run of a re-engagement schedule sends to each lead that it chose."""
    return {"do": "reengage", "run": run, "version": version}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One rollout and how far it is. `number` counts up over all programs."""

    number: int
    name: str
    body: Json
    workflow: str
    """The id of the workflow that carries it out."""
    rate: float = RATE
    at: datetime
    """The instant at which it counts for each lead, by the real clock."""
    by: str = ""
    sweep: int = 0
    """0 sends to the leads that are due earlier by it; each later one to all that still need it."""
    cursor: str = ""
    """The last lead that this sweep has looked at."""
    found: int = 0
    """How many leads needed it in this sweep."""
    sent: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)
    """The leads that could not be reached in the last try, and why."""
    ended: datetime | None = None


def needs(state: LeadState, body: Json) -> bool:
    """Whether the body has still something to do with this lead."""
    if state.closed or state.created is None:
        return False
    if body["do"] == PAUSE:
        return state.paused_since is None
    if body["do"] == RESUME:
        return state.paused_since is not None
    waits = state.finish
    if body["in_flight"] == "pin":
        return waits is not None
    if body["in_flight"] == "finish" and waits is not None:
        return (waits.digest, waits.recheck) != (body["to"], body["recheck"])
    return waits is not None or state.digest != body["to"]
