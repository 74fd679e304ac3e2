"""What workflows, activities and clients pass to each other: JSON that histories keep for years.

So it is small, every key may be absent, and unknown keys are ignored. Instants are written as
`2026-03-02T14:00:00Z`, in the program's time unless a field says otherwise.

The file is long because every shape that crosses between them stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NotRequired

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from typing_extensions import TypedDict

from models.instants import whole_second

Json = dict[str, Any]


class Wire(BaseModel):
    """Base of these models: a value that equals its default is not written."""

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
    """The program's time: `program` at the instant `wall`, and `speed` times as fast from then on.

    In a demonstration days pass in seconds. In production no lead has such a clock.
    """

    wall: AwareDatetime
    program: AwareDatetime
    speed: float = Field(gt=0)

    def now(self, wall: datetime) -> datetime:
        """The program's instant, with its fraction of a second."""
        return self.program + (wall - self.wall) * self.speed

    def wait(self, span: timedelta) -> timedelta:
        """How long a span of the program's time takes in real time."""
        return span / self.speed


class Envelope(TypedDict, total=False):
    """An input on its way to a turn. Its sender waits for the answer under `ref`."""

    kind: Literal["created", "event", "act", "result", "malformed", "resumed", "program", "merge"]
    name: str
    body: Any
    arrived: str
    ref: int
    duplicate: bool
    """Of an event: whether its id was seen before; it is asked once, before its first turn."""
    trace: str
    """The trace context of what brought it (activities/tracing.py)."""


class WakeWords(TypedDict):
    """When the rules must run again, and what for."""

    at: str
    what: str


class TurnRequest(TypedDict):
    """The arguments of a turn. `state` is None for a lead that is created or reopened.

    `shown` are the present search attributes. `run` is the workflow's run id. `asked` are the
    commands whose results the lead still awaits. `suggested`: Temporal suggests to continue as
    new. The history does not record arguments of a local activity, so they may be large.
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
    clock: NotRequired[Json]
    """Of a demonstration's lead: its `ProgramClock`."""


class Resumption(TypedDict):
    """What a run that is behind its lead's row goes on with.

    `seen` are the ids of the latest events on the timeline. `asked` are the commands whose
    results the row still awaits. `tell` says that this belongs on the timeline. `taken` are
    the places of the turn's inputs that the row has taken in already.
    """

    seen: list[str]
    asked: list[Json]
    tell: bool
    taken: NotRequired[list[int]]


class TurnOutcome(TypedDict, total=False):
    """The outcome of a turn, for the workflow. The history keeps every outcome, so it is short.

    `patch` is the change of the state (models/patches.py). Without `wake` the wake stays as it was;
    None removes it. `answers` are pairs: a ref, and the sentence of refusal or None. `refusals` are
    pairs too: the ref of a refused act, and the word for why. `attributes`
    are the search attributes that changed, for example when the stage or the owner changed. `long`
    says that the history is long: the run continues as new when nobody waits (1), or in any
    case (2). With `resumed` the turn decided nothing: the lead's row is newer than the request,
    `patch` makes the row's state, and the rules must decide the inputs on that state. If the row
    was written by this same turn, `wake` is what the lead waits for now, also if no input is left.
    """

    patch: Json
    commands: list[Json]
    wake: WakeWords | None
    answers: list[tuple[int, str | None]]
    refusals: list[tuple[int, str]]
    attributes: Json
    long: int
    resumed: Resumption


class Reopened(TypedDict):
    """A closed lead's last state, its program's digest and the ids of its latest events."""

    digest: str
    state: Json
    seen: list[str]


class Work(TypedDict):
    """The commands of one turn for one queue. `do` names the kind of each.

    The lead's row says which program they belong to.
    """

    lead: str
    commands: list[Json]


class CommandResult(TypedDict, total=False):
    """The result of one command. An empty one is not passed to the rules."""

    outcome: Literal["sent", "skipped", "failed"]
    why: str
    owner: str
    """The person whom a failed alert did not reach."""


class LeadRun(Wire):
    """The argument of every run of a lead's workflow.

    With a `profile` the lead is created. With a `state` it goes on where its last run ended. With
    neither it is a closed lead that is opened again from its row.
    """

    lead: str
    digest: str
    profile: Json | None = None
    arrived: str | None = None
    """When the profile arrived, if the sender knows it better than the workflow."""
    trace: str | None = None
    """The trace context of the request that created the lead."""
    clock: ProgramClock | None = None
    state: Json | None = None
    wake: WakeWords | None = None
    inbox: list[Envelope] = []
    flights: list[list[Json]] = []
    """Groups of commands whose results are still awaited."""
    seen: str = ""
    """The event ids already seen, as `workflows.seen_events` writes them."""

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, data: Any) -> Any:
        """Refuse what would be lost: the workflow task fails until a newer worker takes it."""
        if isinstance(data, Mapping) and (unknown := sorted(data.keys() - cls.model_fields.keys())):
            raise ValueError(
                f"a newer leadflow began this run: this one does not know {', '.join(unknown)}."
                " Replace this worker by one of the newer version; the lead goes on there"
            )
        return data


class RolloutWork(TypedDict):
    """The rollout to be carried out: its number in the database."""

    number: int


class RolloutProgress(TypedDict):
    """How far a rollout is. `do` is what it does, `pause` how many seconds to wait before more."""

    name: str
    do: str
    sent: int
    failed: int
    ended: bool
    pause: float


class PauseWork(TypedDict):
    """A program to be paused or to go on, and who asks."""

    name: str
    pause: bool
    by: str


class LaunchWork(TypedDict):
    """The launch to be carried out: its number in the database."""

    number: int


class LaunchProgress(TypedDict):
    """How far a launch is. `pause` is how many seconds to wait before more."""

    said: str
    """In a sentence, for the workflow's details."""
    over: bool
    """Whether there is nothing more to do now: it has ended, or it is paused."""
    pause: float


class MergeWork(TypedDict):
    """The lead `other` is to be merged into `keep`; both are own ids.

    `at` is when it was asked (program clock), `by` who asked, `via` the door.
    """

    keep: str
    other: str
    at: str
    by: NotRequired[str]
    via: NotRequired[str]


class MergeResult(TypedDict):
    """What became of a merge. `verdict` is that of `lifecycle.moves.merge.judge`.

    It is `do` if it was done now, and `done` if it had been done before; or `gone` if there is no
    lead `keep` any more. `into` is the lead that `other` is by now.
    """

    verdict: str
    into: str | None


class ReengageRun(Wire):
    """The argument of a re-engagement's workflow."""

    program: str
    """Its name: the newest version's schedule runs."""
    at: str | None = None
    """The scheduled instant, if the workflow goes on in a new run."""


class ReengageWork(TypedDict):
    """A run of a program's re-engagement schedule: the program's name, and the run's."""

    program: str
    run: str


class ReengageProgress(TypedDict):
    """How far such a run is. `pause` is how many seconds to wait before more."""

    name: str
    phase: str
    found: int
    taken: int
    left_over: int
    why_not: dict[str, int]
    failed: int
    ended: bool
    pause: float


class DigestRun(Wire):
    """The argument of a digest's workflow: the program whose handoffs are reported to managers."""

    program: str
    """The digest under which it was published."""


class DigestWork(TypedDict):
    """A digest to be mailed. `at` is when it was due, even if it is done later."""

    program: str
    at: str


class ReconcileWork(TypedDict, total=False):
    """A comparison of the database with Temporal: of all leads, or of what changed `since` then."""

    since: str
    """By the wall clock."""


class ReconcileOutcome(TypedDict):
    """How many findings a comparison had, by kind (`usecases.reconciling.REMEDIES`)."""

    repaired: dict[str, int]
    left: dict[str, int]
    """What was not repaired."""


class ReconcileState(TypedDict):
    """What one scheduled comparison tells the next."""

    at: str
    """When it began (wall clock)."""
    whole: str
    """When the last comparison of all leads began."""
    found: ReconcileOutcome


class NightlyOutcome(TypedDict):
    """What a nightly run did."""

    snapshots: int
    """Snapshots of leads' lives that were made."""
    removed: int
    """Rows of steps and mails that the board no longer counts."""


def grace(clock: ProgramClock | None) -> timedelta:
    """How late (in the program's time) still counts as done at the instant at which it was due."""
    return max(timedelta(minutes=1), timedelta(seconds=2 * (clock.speed if clock else 1)))


def program_now(clock: ProgramClock | None, wall: datetime) -> datetime:
    """The program's instant in whole seconds."""
    return whole_second(clock.now(wall) if clock else wall)
