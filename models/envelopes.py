"""What the rooms around Temporal hand each other: JSON that stands in histories for years.

So it is small, every key may be absent, and unknown keys are left alone. Instants are
written as `2026-03-02T14:00:00Z`, in the program's time unless said otherwise.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, NotRequired

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from typing_extensions import TypedDict

from models.instants import whole_second

Json = dict[str, Any]


class Wire(BaseModel):
    """Shared: what equals its default is not written."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> Json:
        fields = type(self).model_fields
        data: Json = handler(self)
        return {
            name: value
            for name, value in data.items()
            if getattr(self, name) != fields[name].get_default(call_default_factory=True)
        }


class ProgramClock(Wire):
    """How a program's time goes by: at the instant `wall` it is `program`, then `speed` times.

    A demonstration lives days in seconds; in production no lead has a clock.
    """

    wall: AwareDatetime
    program: AwareDatetime
    speed: float = Field(gt=0)

    def now(self, wall: datetime) -> datetime:
        """The program's instant, with its fraction of a second."""
        return self.program + (wall - self.wall) * self.speed

    def wait(self, span: timedelta) -> timedelta:
        """How long a span of the program's time takes."""
        return span / self.speed


class Envelope(TypedDict, total=False):
    """An input on its way to a turn. `ref` is where its sender waits for the answer."""

    kind: Literal["created", "event", "act", "result", "malformed", "resumed"]
    name: str
    body: Any
    arrived: str
    ref: int
    duplicate: bool
    """Of an event: whether its id was seen before; it is asked once, before its first turn."""


class WakeWords(TypedDict):
    """When the rules want to run again, and what for."""

    at: str
    what: str


class TurnRequest(TypedDict):
    """What a turn is asked with. `state` is None for a lead that is created or reopened.

    `shown` are the search attributes as they are. `run` is the workflow's run id. `asked` are
    the commands whose results are still awaited. `suggested` says that Temporal suggests to
    continue as new. Arguments of a local activity are not recorded, so here is everything.
    """

    lead: str
    digest: str
    state: Json | None
    wake: WakeWords | None
    shown: Json
    inputs: list[Envelope]
    now: str
    grace: float
    fence: tuple[int, int]
    run: NotRequired[str]
    asked: NotRequired[list[Json]]
    suggested: NotRequired[bool]


class Resumption(TypedDict):
    """What a run that lies behind its lead's row goes on with.

    `seen` are the ids of the latest events on the timeline. `asked` are the commands whose
    results the row still awaits. `tell` says that this belongs on the timeline. `taken` are
    the places of the turn's inputs that the row has taken in already.
    """

    seen: list[str]
    asked: list[Json]
    tell: bool
    taken: NotRequired[list[int]]


class TurnOutcome(TypedDict, total=False):
    """What a turn tells the shell; every outcome stands in the history, so it is terse.

    `patch` says what changed of the state (models/patches.py). Without a `wake` it stays as
    it was; None takes it away. `answers` are pairs of a ref and the sentence of its refusal,
    or None. `attributes` are what is shown otherwise now; they are there when the stage, the
    owner, the track or the like changed. `long` says that the history is long: the run continues
    as new when nobody waits (1), or in any case (2). With `resumed` nothing was decided: the
    lead's row is newer than the request, `patch` makes the row's state, and the inputs are to be
    decided on that.
    """

    patch: Json
    commands: list[Json]
    wake: WakeWords | None
    answers: list[tuple[int, str | None]]
    attributes: Json
    long: int
    resumed: Resumption


class Reopened(TypedDict):
    """A closed lead's last state, its program's digest and the ids of its latest events."""

    digest: str
    state: Json
    seen: list[str]


class Work(TypedDict):
    """Commands of one turn for one queue: `do` names each one's kind.

    By which program they are done, the lead's row says.
    """

    lead: str
    commands: list[Json]


class CommandResult(TypedDict, total=False):
    """What became of one command; an empty one is not told to the rules."""

    outcome: Literal["sent", "skipped", "failed"]
    why: str
    owner: str
    """Of an alert that failed: the person it did not reach."""


class LeadRun(Wire):
    """What a run of a lead's workflow begins with, the first and every later one.

    With a `profile` the lead is created. With a `state` it goes on where its last run
    ended. With neither it is a closed lead, opened again from its row.
    """

    lead: str
    digest: str
    profile: Json | None = None
    arrived: str | None = None
    """When the profile arrived, if the sender knows better than the shell."""
    clock: ProgramClock | None = None
    state: Json | None = None
    wake: WakeWords | None = None
    inbox: list[Envelope] = []
    flights: list[list[Json]] = []
    """Groups of commands whose results are still awaited."""
    seen: str = ""
    """The event ids already seen, as `workflows.seen_events` writes them."""


class DigestRun(Wire):
    """What a digest's workflow begins with: the program whose handoffs it tells managers of."""

    program: str
    """By the digest under which it was published."""


class DigestWork(TypedDict):
    """A digest to be mailed; `at` is when it was to be, whenever it is done."""

    program: str
    at: str


def grace(clock: ProgramClock | None) -> timedelta:
    """How late, or early, still counts as done at its instant, in the program's time."""
    return max(timedelta(minutes=1), timedelta(seconds=2 * (clock.speed if clock else 1)))


def program_now(clock: ProgramClock | None, wall: datetime) -> datetime:
    """The program's instant in whole seconds."""
    return whole_second(clock.now(wall) if clock else wall)
