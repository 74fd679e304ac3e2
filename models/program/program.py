"""The program: what marketing writes in YAML, as an immutable value.

The model knows the shape of a program and the values that each field may have. What one part says
about another (an e-mail that a track names, a stage in an expression) is checked by
`adapters/checks`, where every error can name its line.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from models.durations import TargetField
from models.program.handoff import Calendar, Handoff
from models.program.lifecycle import Disqualify, Lifecycle, LostReason, Recycle
from models.program.schedules import Schedule
from models.program.scoring import Door, Scoring
from models.program.sending import Email, Sending
from models.program.tracks import Track
from models.program.values import FieldType, Flag, Name, Part


class IntakeRules(Part):
    """What the HTTP interface may do with this program."""

    create: Flag = Field(
        default=False,
        description="Whether an event of an unknown lead with an e-mail address creates it",
        examples=[True],
    )


class Program(Part):
    """A program as validated, its templates and holidays already in it."""

    program: Name = Field(description="The name of the program", examples=["acme"])
    timezone: str = Field(
        default="UTC",
        description="The time zone of leads whose own is not known (an IANA name)",
        examples=["America/New_York"],
    )
    fields: dict[Name, FieldType] = Field(
        default={},
        description="Your own fields of a lead's profile, each with its type",
        examples=[{"budget": "number", "renewal": "date"}],
    )
    doors: tuple[Door, ...] = Field(
        default=(),
        description="Which motion a lead gets: that of the first door that holds",
        examples=[
            [{"when": "lead.employees >= 200", "motion": "sales"}, {"otherwise": "self_serve"}]
        ],
    )
    scoring: Scoring = Field(
        default=Scoring(),
        description="Points for what a lead is (fit) and for what it does (engagement)",
        examples=[{"fit": [{"when": "lead.employees >= 200", "points": 20}]}],
    )
    lifecycle: Lifecycle = Field(
        default=Lifecycle(),
        description="When a lead is engaged, goes to sales, is no fit, or is idle",
        examples=[{"engaged": "score.engagement >= 10.0"}],
    )
    sending: Sending = Field(
        description="Who sends mail, when and how often",
        examples=[
            {"from": "Acme <hello@acme.example>", "postal_address": "1 Main Street, Springfield"}
        ],
    )
    emails: dict[Name, Email] = Field(
        default={},
        description="The e-mails, by name",
        examples=[{"welcome": {"subject": "Welcome", "text": "Hello!"}}],
    )
    tracks: dict[Name, Track] = Field(
        default={},
        description="The nurture tracks, by name; they are tried in this order",
        examples=[{"awareness": {"for": "stage == 'known'", "steps": [{"email": "welcome"}]}}],
    )
    calendars: dict[Name, Calendar] = Field(
        default={},
        description="The opening hours that clocks count by, by name",
        examples=[{"office": {"hours": {"mon-fri": ["09:00-17:00"]}}}],
    )
    handoff: Handoff | None = Field(
        default=None,
        description="How sales gets a lead, and the clocks",
        examples=[{"routing": [{"otherwise": "sdr"}], "accept": {"within": "4h"}}],
    )
    recycle: Recycle = Field(
        default=Recycle(),
        description="How leads come back to marketing",
        examples=[{"at_most": 3, "reasons": {"not_now": {"cool_off": "90d"}}}],
    )
    disqualify: Disqualify = Field(
        default=Disqualify(),
        description="Why a lead is ended",
        examples=[{"reasons": {"no_fit": {"revive": True}}}],
    )
    lost_reasons: dict[Name, LostReason] = Field(
        default={},
        description="Why a deal is lost, by name, and when marketing may try again",
        examples=[{"price": {"cool_off": "180d"}}],
    )
    schedules: dict[Literal["reengage", "digest"], Schedule] = Field(
        default={},
        description="Recurring work: the managers' digest, and re-engagement",
        examples=[{"digest": {"cron": "30 8 * * MON-FRI"}}],
    )
    targets: dict[Name, TargetField] = Field(
        default={},
        description="The numbers that you aim for, by name: a number or a share",
        examples=[{"accepted_within_sla": "90%"}],
    )
    intake: IntakeRules = Field(
        default=IntakeRules(),
        description="What the HTTP interface may do with this program",
        examples=[{"create": True}],
    )

    @cached_property
    def canonical_json(self) -> str:
        """The program as one line of JSON; equal programs have equal text.

        Keys are not sorted, because the order of some mappings has a meaning: tracks are tried in
        file order.
        """
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical JSON, in hex: the program's identity."""
        return hashlib.sha256(self.canonical_json.encode()).hexdigest()
