"""Inputs of a lead: its creation, events, acts, results of commands, and malformed input.

An input is a fact with the instant at which it arrived. Events and acts come from outside. What
can't be read becomes `MalformedInput` and is recorded on the timeline. It never raises an error
inside a workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from models.publication import InFlight
from models.state import LeadState

ActName = Literal[
    "accept",
    "touch",
    "qualify",
    "recycle",
    "disqualify",
    "reassign",
    "hold",
    "resume",
    "open_opportunity",
    "win",
    "lose",
    "churn",
    "done",
    "note",
]
"""What a person can decide about a lead. Updates and signals have the same names."""

ACTS: tuple[ActName, ...] = get_args(ActName)
"""All acts."""

MergeRefusal = Literal["itself", "unknown", "merged"]
"""Why a merge is refused: a lead with itself, an unknown lead, one that was merged already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Fields of every input.

    `arrived` is an aware instant in whole seconds, UTC. The sender finds the answer to the input
    under the number `ref`.
    """

    arrived: datetime
    ref: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(Arrived):
    """A lead is created, with the profile as it was given (not yet coerced)."""

    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Arrived):
    """A fact about a lead from outside. `at` is when it happened, never after `arrived`."""

    id: str
    type: str
    at: datetime
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    machine: bool = False
    duplicate: bool = False
    """Whether this id was seen before. The caller remembers the ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Arrived):
    """What a person decides. `do` is one of `ACTS`. With an `id` it may be sent again."""

    do: str
    by: str
    id: str | None = None
    reason: str | None = None
    until: datetime | None = None
    why: str | None = None
    to: str | None = None
    channel: str | None = None
    note: str | None = None
    amount: float | None = None
    currency: str | None = None
    task: str | None = None
    via: str | None = None
    """The door through which it came, such as `desk` or `crm`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Arrived):
    """The result of a command. `arrived` is the command's instant, unless it came much later."""

    key: str
    outcome: Literal["sent", "skipped", "failed", "assigned", "unassigned"]
    why: str | None = None
    owner: str | None = None
    """If assigned: the chosen member. If failed: the person whom an alert did not reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedInput(Arrived):
    """Something that could not be read.

    `name`: the signal or act as which it was sent. `why`: what is wrong.
    """

    name: str
    why: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Arrived):
    """The lead's workflow was behind its row (reset, terminated, restored); the row is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramChanged(Arrived):
    """Another version of the lead's program was published: its digest is `to`."""

    to: str
    in_flight: InFlight
    recheck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPaused(Arrived):
    """The lead's program was paused (`pause`) or goes on."""

    pause: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedInto(Arrived):
    """This lead and the lead `keep` are one person, and `keep` goes on.

    `to` is the digest of that lead's version.
    """

    keep: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedFrom(Arrived):
    """The lead `other` is merged into this one; or this is refused, with `why`.

    `other` is its own id if it exists. `left` is the lead as it was at the merge. `by` is who
    merged, and `via` the door. A refusal with the same `id` is recorded once.
    """

    other: str
    left: LeadState | None = None
    why: MergeRefusal | None = None
    id: str | None = None
    into: str | None = None
    """If it was merged before: into which lead."""
    by: str | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reengage(Arrived):
    """A run of the program's re-engagement schedule chose this lead.

    `version` is the digest of the version whose schedule ran. The lead takes each `run` in once.
    """

    run: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchUndone(Arrived):
    """The launch that created the lead is undone, and nobody had touched the lead.

    That was judged by the timeline up to the entry `seq`.
    """

    seq: int


OfProgram = ProgramChanged | ProgramPaused | Reengage
"""What a program does to its leads in flight."""

OfMerge = MergedInto | MergedFrom
"""What a merge gives to its two leads."""

Input = (
    Created | Event | Act | Result | MalformedInput | Resumed | OfProgram | OfMerge | LaunchUndone
)
