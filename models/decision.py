"""What a turn of the rules decides: timeline entries, commands, and when to run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.inputs import Act, Event
from models.state import LeadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a lead's timeline (docs/language.md section 9). The kind decides `fields`."""

    seq: int
    at: datetime
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that must be done. It is idempotent on `key`; `at` is its instant."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMail(Command):
    """Send an e-mail of the program. The result is sent, skipped or failed."""

    email: str
    message: str
    """The Message-ID without its angle brackets, the same on every try."""
    operational: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Command):
    """Find an owner. The result is assigned or unassigned."""

    handoff: int
    team: str | None
    tried: tuple[str, ...] = ()
    prefer: str | None = None
    """Who is tried first."""
    company: tuple[str, ...] = ()
    """The keys of the lead's company, if the owner of another lead of it is tried first."""
    timezone: str
    """The time zone for the absences of members who have none: that of the accept calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountAssignment(Command):
    """Count an assignment that a manager made. It has no result."""

    handoff: int
    team: str | None
    owner: str
    tried: tuple[str, ...] = ()
    """Who had this handoff before."""
    timezone: str
    """As of `Assign`: absences are judged at a manager's assignment too."""


OPERATIONS = "operations"
"""Who is alerted instead of a manager whom a program's team lacks: the operations contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Command):
    """Alert a sales person, at least once. It has a result only if it failed."""

    to: str
    """An address; or OPERATIONS, which the settings give an address."""
    why: str
    """`assigned`, `reminded`, `breached`, `reassigned`, `returned`, `unassigned`, `hand_raise`,
    `owner_left`, `owner_unreachable`, `merged`, or a suppression."""
    text: str
    """One sentence for people."""
    handoff: int | None = None
    """The handoff that it is about; its buttons act on that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward(Command):
    """Send an event or an act on to the lead that this one was merged into. It has no result."""

    to: str
    given: Event | Act


AnyCommand = SendMail | Assign | CountAssignment | Alert | Forward


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to who acted. `refused` is the sentence of refusal; None if the act was done.

    `why` is the word of a refusal (`RefusedError.why`).
    """

    ref: int
    refused: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """When the rules must run again without an input, and what for ("accept due, riley")."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackMove:
    """The lead reached a step of a track, or left the track (then `step` is None)."""

    at: datetime
    digest: str
    """The version of the program by which it did."""
    track: str
    step: str | None = None
    why: str | None = None
    """Why the track was left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of one turn."""

    state: LeadState
    entries: tuple[Entry, ...] = ()
    commands: tuple[AnyCommand, ...] = ()
    answers: tuple[Answer, ...] = ()
    wake: Wake | None = None
    track_moves: tuple[TrackMove, ...] = ()
    """In their order; what the board counts. The rules never read them."""
