"""What a turn of the rules decides: entries for the timeline, commands to the world, a wake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.state import LeadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a lead's timeline (docs/language.md section 9): `fields` go by the kind."""

    seq: int
    at: datetime
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What the world must do. Performing it is idempotent on `key`; `at` is its instant."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMail(Command):
    """Send an e-mail of the program; answered by sent, skipped or failed."""

    email: str
    message: str
    """The Message-ID without its angle brackets, the same on every try."""
    operational: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Command):
    """Find an owner; answered by assigned or unassigned."""

    handoff: int
    team: str | None
    tried: tuple[str, ...] = ()
    prefer: str | None = None
    timezone: str
    """Where a member without a time zone counts days of absence: the accept calendar's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountAssignment(Command):
    """Count an assignment that a manager made by hand; not answered."""

    handoff: int
    team: str | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Command):
    """Tell a person of sales something, at least once; not answered."""

    to: str
    why: str
    """`assigned`, `reminded`, `breached`, `reassigned`, `returned`, `unassigned`, `hand_raise`,
    `owner_left`, `owner_unreachable`, or a suppression."""
    text: str
    """One sentence for people."""
    handoff: int | None = None
    """The handoff that it is about, for which its buttons act."""


AnyCommand = SendMail | Assign | CountAssignment | Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the one who acted is told. `refused` is the rule's sentence, None if it was done."""

    ref: int
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """When the rules want to run again without an input, and what for ("accept due, riley")."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome of one turn."""

    state: LeadState
    entries: tuple[Entry, ...] = ()
    commands: tuple[AnyCommand, ...] = ()
    answers: tuple[Answer, ...] = ()
    wake: Wake | None = None
