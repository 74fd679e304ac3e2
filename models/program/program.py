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
    )


class Program(Part):
    """A program as validated, its templates and holidays already in it."""

    program: Name
    timezone: str = "UTC"
    fields: dict[Name, FieldType] = {}
    doors: tuple[Door, ...] = ()
    scoring: Scoring = Scoring()
    lifecycle: Lifecycle = Lifecycle()
    sending: Sending
    emails: dict[Name, Email] = {}
    tracks: dict[Name, Track] = {}
    calendars: dict[Name, Calendar] = {}
    handoff: Handoff | None = None
    recycle: Recycle = Recycle()
    disqualify: Disqualify = Disqualify()
    lost_reasons: dict[Name, LostReason] = {}
    schedules: dict[Literal["reengage", "digest"], Schedule] = {}
    targets: dict[Name, TargetField] = {}
    intake: IntakeRules = IntakeRules()

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
