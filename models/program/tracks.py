"""Nurture tracks and their steps.

The file is long because every kind of step is a class here.
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from models.durations import Duration, PositiveDays, PositiveDuration
from models.hours import TimeField
from models.program.values import Count, EventExpression, Flag, LeadExpression, Name, Part

_NO_DAYS = Duration(0, "d")


class TaskWork(Part):
    """A piece of work for a person."""

    kind: Literal["call", "linkedin", "manual"] = Field(
        description="What is to be done", examples=["call"]
    )
    note: str = Field(
        default="",
        description="A note for the person who does it",
        examples=["connect, mention the case study"],
    )
    team: Name | None = Field(
        default=None,
        description="The team that does it; the lead's owner if absent",
        examples=["sdr"],
    )
    name: Annotated[str, StringConstraints(max_length=100)] = Field(
        default="",
        description="What the task is called in lists; its kind if absent",
        examples=["Ask who decides"],
    )
    within: PositiveDuration | None = Field(
        default=None,
        description="The time until it should be done, from its opening; days are calendar days"
        " of the lead. Nothing happens by itself when it is over: the task is shown as late",
        examples=["2d"],
    )


class Notification(Part):
    """An in-app notification."""

    channel: Literal["app"] = Field(
        description="Where it is shown; only in the app", examples=["app"]
    )
    message: str = Field(
        min_length=1, description="What it says", examples=["Nice work. Invite a colleague?"]
    )


class Step(Part):
    """Fields of every step."""

    id: Name | None = Field(
        default=None,
        description="Your own name of this step; it stays when the steps around it change",
        examples=["first-wait"],
    )


class EmailStep(Step):
    """Send this e-mail."""

    email: Name = Field(
        description="The e-mail to send, once per lead and cycle", examples=["welcome"]
    )


class VariantsStep(Step):
    """Send one of several e-mails, chosen by a stable hash."""

    variants: dict[Name, Name] = Field(
        min_length=1,
        description="The e-mails of which one is sent; the same lead always gets the same one",
        examples=[{"short": "welcome-short", "long": "welcome-long"}],
    )
    weights: dict[Name, Count] | None = Field(
        default=None,
        description="How often each variant is chosen, compared with the others; 1 unless given",
        examples=[{"short": 3}],
    )

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        if self.weights is not None:
            if unknown := sorted(set(self.weights) - set(self.variants)):
                raise ValueError(
                    f"weights name no such variant: {', '.join(unknown)};"
                    f" the variants are {', '.join(self.variants)}"
                )
            if not any(self.weights.get(name, 1) for name in self.variants):
                raise ValueError("all weights are 0, so no variant could be chosen")
        return self


class WaitStep(Step):
    """Wait from the instant the step before was done."""

    wait: PositiveDuration = Field(
        description="How long to wait, from the instant at which the step before was done",
        examples=["3d"],
    )


class WaitUntilStep(Step):
    """Wait until an expression holds, but not longer than `up_to`."""

    wait_until: LeadExpression = Field(
        description="What to wait for", examples=["did('email.clicked', 'welcome')"]
    )
    up_to: PositiveDuration = Field(
        description="The longest wait; after it the steps under else are done", examples=["5d"]
    )
    then: tuple[AnyStep, ...] = Field(
        default=(), description="The steps as soon as it holds", examples=[[{"email": "ebook"}]]
    )
    else_: tuple[AnyStep, ...] = Field(
        default=(),
        alias="else",
        description="The steps if it does not hold in time",
        examples=[[{"email": "case-study"}]],
    )


class WaitForStep(Step):
    """Wait for a local time on a day that a field of the lead names, or on a day near it."""

    wait_for: Name = Field(description="The field, of type date", examples=["renewal"])
    before: PositiveDays | None = Field(
        default=None,
        description="So many days before the date; either before or after",
        examples=["30d"],
    )
    after: PositiveDays | None = Field(
        default=None,
        description="So many days after the date; either before or after",
        examples=["1w"],
    )
    at: TimeField = Field(
        default=time(), description="The local time of the lead", examples=["09:00"]
    )
    then: tuple[AnyStep, ...] = Field(
        default=(), description="The steps at that time", examples=[[{"email": "renewal-offer"}]]
    )
    else_: tuple[AnyStep, ...] = Field(
        default=(),
        alias="else",
        description="The steps at once, without a date or when it is too late",
        examples=[[{"finish": True}]],
    )

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("write either before or after, not both")
        return self

    @property
    def days(self) -> int:
        """How many days after the date; negative if before it."""
        before, after = self.before or _NO_DAYS, self.after or _NO_DAYS
        return after.days - before.days


class IfStep(Step):
    """Go on with one of two branches, by an expression."""

    if_: LeadExpression = Field(
        alias="if", description="The condition, asked once, now", examples=["score.fit >= 20.0"]
    )
    then: tuple[AnyStep, ...] = Field(
        default=(), description="The steps if it holds", examples=[[{"task": {"kind": "call"}}]]
    )
    else_: tuple[AnyStep, ...] = Field(
        default=(),
        alias="else",
        description="The steps if it does not hold",
        examples=[[{"email": "demo-offer"}]],
    )


class TaskStep(Step):
    """Open a task for the lead's owner, or for a team."""

    task: TaskWork = Field(
        description="A task for the lead's owner or for a team",
        examples=[{"kind": "call", "note": "ask for the budget", "team": "sdr"}],
    )


class NotifyStep(Step):
    """Send an in-app notification."""

    notify: Notification = Field(
        description="A notification in the app",
        examples=[{"channel": "app", "message": "Nice work. Invite a colleague?"}],
    )


class MoveToStep(Step):
    """Leave this track and enter another."""

    move_to: Name = Field(
        description="The track to enter in place of this one", examples=["long-term"]
    )


class FinishStep(Step):
    """Leave this track."""

    finish: Literal[True] = Field(description="Leave this track; always true", examples=[True])


STEP_KINDS = (
    "email",
    "variants",
    "wait",
    "wait_until",
    "wait_for",
    "if",
    "task",
    "notify",
    "move_to",
    "finish",
)


_STEP_CLASSES: tuple[type[Step], ...] = (
    EmailStep,
    VariantsStep,
    WaitStep,
    WaitUntilStep,
    WaitForStep,
    IfStep,
    TaskStep,
    NotifyStep,
    MoveToStep,
    FinishStep,
)


_KIND_OF = dict(zip(_STEP_CLASSES, STEP_KINDS, strict=True))


def step_kind(step: object) -> str | None:
    """The key that names the kind of a step (a raw mapping or a model); None if it has none."""
    if isinstance(step, Step):
        return _KIND_OF[type(step)]
    if isinstance(step, dict):
        kinds = [kind for kind in STEP_KINDS if kind in step]
        return kinds[0] if kinds else None
    return None


BranchingStep = WaitUntilStep | WaitForStep | IfStep
"""Steps with the branches `then` and `else`."""

AnyStep = Annotated[
    Annotated[EmailStep, Tag("email")]
    | Annotated[VariantsStep, Tag("variants")]
    | Annotated[WaitStep, Tag("wait")]
    | Annotated[WaitUntilStep, Tag("wait_until")]
    | Annotated[WaitForStep, Tag("wait_for")]
    | Annotated[IfStep, Tag("if")]
    | Annotated[TaskStep, Tag("task")]
    | Annotated[NotifyStep, Tag("notify")]
    | Annotated[MoveToStep, Tag("move_to")]
    | Annotated[FinishStep, Tag("finish")],
    Discriminator(
        step_kind,
        custom_error_type="step_kind",
        custom_error_message="a step needs one of the keys " + ", ".join(STEP_KINDS),
    ),
]


class Track(Part):
    """A nurture sequence: for whom, until when, and its steps."""

    for_: LeadExpression = Field(
        alias="for",
        description="Which leads enter; a lead enters the first track that holds",
        examples=["stage == 'known' && motion == 'sales'"],
    )
    start_on: EventExpression | None = Field(
        default=None,
        description="An event that begins the track, also out of another track",
        examples=["event.type == 'content.downloaded'"],
    )
    exit: LeadExpression | None = Field(
        default=None,
        description="When the lead leaves the track at once",
        examples=["stage == 'engaged'"],
    )
    again: Flag = Field(
        default=False,
        description="Whether a lead may enter the track again in the same cycle",
        examples=[True],
    )
    steps: tuple[AnyStep, ...] = Field(
        min_length=1,
        description="What is done, one after the other",
        examples=[[{"email": "welcome"}, {"wait": "3d"}, {"email": "problem-guide"}]],
    )
