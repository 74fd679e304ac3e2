"""What reaches a lead: its creation, events, acts, results of commands, and what is malformed.

Inputs are facts with the instant they arrived. Events and acts come from strangers, so
they are read tolerantly: what can't be read becomes `MalformedInput` and is told on the
timeline, never raised inside a workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

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
    "done",
    "note",
]
"""What a person can decide about a lead; the names of the updates and of the signals."""

ACTS: tuple[ActName, ...] = get_args(ActName)
"""All of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What every input has.

    `arrived` is an aware instant in whole seconds, UTC. `ref` is the number under which
    the one who handed the input in looks for its answer.
    """

    arrived: datetime
    ref: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(Arrived):
    """A lead comes into being, with the profile as it was handed in (not yet coerced)."""

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
    """Whether this id was seen before; said by whoever remembers ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Arrived):
    """What a person decides; `do` is one of `ACTS`. `id` makes it repeatable."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Arrived):
    """What became of a command. `arrived` is its command's instant unless it came much later."""

    key: str
    outcome: Literal["sent", "skipped", "failed", "assigned", "unassigned"]
    why: str | None = None
    owner: str | None = None
    """The member chosen, when assigned; the person whom an alert did not reach, when failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedInput(Arrived):
    """Something that was not an input: `name` is what it was sent as, `why` says what is wrong."""

    name: str
    why: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Arrived):
    """The lead's workflow had lost its place (reset, terminated, restored); its row stands."""


Input = Created | Event | Act | Result | MalformedInput | Resumed
