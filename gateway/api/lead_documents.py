"""Leads as JSON documents: a lead in a list, and the dossier of one lead.

The file is long because the fields and the examples of both documents stand together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from adapters.reports.leads import LeadLine, StoredDossier
from models.instants import Instant, write_instant
from models.program.values import Motion, Stage
from models.state import HandoffState

LeadId = Annotated[str, Path(description="Any id of the lead", examples=["ana"])]

LINE: dict[str, Any] = {
    "lead": "ana",
    "email": "ana@northwind.example",
    "name": "Ana Smith",
    "company": "Northwind",
    "phone": "+49 30 1234567",
    "program": "acme",
    "stage": "mql",
    "since": "2026-03-05T19:00:00Z",
    "motion": "sales",
    "cycle": 1,
    "owner": "riley@acme.example",
    "team": "sdr",
    "track": None,
    "scores": {"fit": 45.0, "engagement": 21.5, "total": 66.5},
    "deadline": {"clock": "accept", "due": "2026-03-05T23:00:00Z"},
    "breached": False,
    "due": {"at": "2026-03-05T21:00:00Z", "what": "reminder of accept, riley"},
    "closed": False,
    "updated": "2026-03-05T19:00:01Z",
}
"""An example of a lead in a list."""
_DOSSIER: dict[str, Any] = {
    **LINE,
    "digest": "6f1ed002ab5595859014ebf0951522d9",
    "created": "2026-03-02T14:00:00Z",
    "profile": {"email": "ana@northwind.example", "first_name": "Ana", "employees": 900},
    "scored_at": "2026-03-05T19:00:00Z",
    "handoff": {
        "handoff": 1,
        "team": "sdr",
        "opened": "2026-03-05T19:00:00Z",
        "attempt": 1,
        "assigned": "2026-03-05T19:00:00Z",
        "accepted": None,
        "touches": 0,
        "clocks": [{"clock": "accept", "due": "2026-03-05T23:00:00Z", "breached": False}],
        "held_until": None,
        "meeting_until": None,
        "over": False,
    },
    "tasks": [],
    "deal": None,
    "reason": None,
    "cool_off_until": None,
    "suppressed": [],
    "timeline": [
        {
            "seq": 9,
            "at": "2026-03-05T19:00:00Z",
            "kind": "assigned",
            "handoff": 1,
            "owner": "riley@acme.example",
            "attempt": 1,
            "due": "2026-03-05T23:00:00Z",
        }
    ],
    "earlier": 9,
}


class Scores(BaseModel):
    """Points at the lead's last event. Engagement has decayed since then."""

    fit: float
    engagement: float
    total: float


class Due(BaseModel):
    """What the rules will do next, and when."""

    at: Instant
    what: str | None


class DeadlineDocument(BaseModel):
    """The running clock of the handoff that is due first."""

    clock: str = Field(description="`accept`, `first_touch` or `qualify`")
    due: Instant = Field(
        description="During a hold, the due instant that follows from the hold's end"
    )


class LeadDocument(BaseModel):
    """A lead in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [LINE]})

    lead: str
    email: str | None
    name: str | None
    company: str | None
    phone: str | None
    program: str
    stage: Stage
    since: Instant | None = Field(description="When the stage was entered")
    motion: Motion
    cycle: int
    owner: str | None
    team: str | None = Field(description="The team that has the handoff")
    track: str | None
    scores: Scores
    deadline: DeadlineDocument | None
    breached: bool = Field(description="Whether a clock was breached and nobody has acted since")
    due: Due | None
    closed: bool
    updated: Instant = Field(description="When something happened to the lead last")

    @classmethod
    def of(cls, line: LeadLine) -> LeadDocument:
        """The document of a lead in a list."""
        return cls.model_validate(_line(line))


class ClockDocument(BaseModel):
    """A deadline of the handoff."""

    clock: str
    due: Instant
    breached: bool


class HandoffDocument(BaseModel):
    """The lead's current or latest handoff."""

    handoff: int
    team: str | None
    opened: Instant
    attempt: int = Field(description="How many owners the handoff has had")
    assigned: Instant | None
    accepted: Instant | None
    touches: int
    clocks: list[ClockDocument]
    held_until: Instant | None = Field(description="Until when all clocks pause")
    meeting_until: Instant | None = Field(description="Until when the qualify clock pauses")
    over: bool


class TaskDocument(BaseModel):
    """An open task."""

    task: str
    task_kind: str
    owner: str | None
    team: str | None
    name: str | None = Field(description="What it is called; null: by its kind")
    note: str | None = Field(description="What is to be done")
    until: Instant | None = Field(description="By when it should be done")


class DealDocument(BaseModel):
    """The value of an opportunity."""

    amount: float
    currency: str


class TimelineEntryDocument(BaseModel):
    """An entry of the timeline. Beside these fields it has those of its kind."""

    model_config = ConfigDict(extra="allow")

    seq: int
    at: Instant
    kind: str


class DossierDocument(LeadDocument):
    """All that is known of a lead."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DOSSIER]})

    digest: str = Field(description="The version of the program that the lead is pinned to")
    created: Instant | None
    profile: dict[str, Any]
    scored_at: Instant | None = Field(description="When the scores were computed")
    handoff: HandoffDocument | None
    tasks: list[TaskDocument]
    deal: DealDocument | None
    reason: str | None = Field(description="Why it was last recycled, disqualified or lost")
    cool_off_until: Instant | None
    suppressed: list[str] = Field(description="Why the address gets no mail")
    timeline: list[TimelineEntryDocument] = Field(description="The newest entry last")
    earlier: int | None = Field(
        description="If there are earlier entries, give this as `before` to read them"
    )

    @classmethod
    def of_dossier(cls, dossier: StoredDossier) -> DossierDocument:
        """The document of one lead with its timeline."""
        state = dossier.state
        first = dossier.timeline[0].seq if dossier.timeline else 1
        return cls.model_validate(
            {
                **_line(dossier.line),
                "digest": state.digest,
                "created": state.created,
                "profile": dict(state.profile),
                "scored_at": state.engagement_at,
                "handoff": _handoff(state.handoff),
                "tasks": [
                    {
                        "task": one.id,
                        "task_kind": one.kind,
                        "owner": one.owner,
                        "team": one.team,
                        "name": one.name,
                        "note": one.note,
                        "until": one.until,
                    }
                    for one in state.tasks
                ],
                "deal": {"amount": state.deal.amount, "currency": state.deal.currency}
                if state.deal
                else None,
                "reason": state.reason,
                "cool_off_until": state.cool_off_until,
                "suppressed": list(state.suppressed),
                "timeline": [
                    {
                        "seq": one.seq,
                        "at": write_instant(one.at),
                        "kind": one.kind,
                        **one.fields,
                    }
                    for one in dossier.timeline
                ],
                "earlier": first if first > 1 else None,
            }
        )


def _line(line: LeadLine) -> Mapping[str, Any]:
    return {
        "lead": line.id,
        "email": line.email,
        "name": line.name,
        "company": _text(line.profile.get("company")),
        "phone": _text(line.profile.get("phone")),
        "program": line.program,
        "stage": line.stage,
        "since": line.since,
        "motion": line.motion,
        "cycle": line.cycle,
        "owner": line.owner,
        "team": line.team,
        "track": line.track,
        "scores": {
            "fit": round(line.fit, 2),
            "engagement": round(line.engagement, 2),
            "total": round(line.fit + line.engagement, 2),
        },
        "deadline": {"clock": line.clock, "due": line.clock_due} if line.clock_due else None,
        "breached": line.breached,
        "due": {"at": line.due_at, "what": line.due_what} if line.due_at else None,
        "closed": line.closed,
        "updated": line.updated,
    }


def _text(value: object) -> str | None:
    return str(value) if value is not None else None


def _handoff(handoff: HandoffState | None) -> Mapping[str, Any] | None:
    if handoff is None:
        return None
    return {
        "handoff": handoff.number,
        "team": handoff.team,
        "opened": handoff.opened,
        "attempt": handoff.attempt,
        "assigned": handoff.assigned,
        "accepted": handoff.accepted,
        "touches": handoff.touches,
        "clocks": [
            {"clock": one.name, "due": one.due, "breached": one.breached} for one in handoff.clocks
        ],
        "held_until": handoff.held_until,
        "meeting_until": handoff.meeting_until,
        "over": handoff.over,
    }
