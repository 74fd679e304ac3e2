"""Nurture tracks and their steps."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from models.durations import Duration, PositiveDays, PositiveDuration
from models.hours import TimeField
from models.program.values import Count, EventExpression, Flag, LeadExpression, Name, Part

_NO_DAYS = Duration(0, "d")


class TaskWork(Part):
    """A piece of work for a person."""

    kind: Literal["call", "linkedin", "manual"]
    note: str = ""
    team: Name | None = None


class Notification(Part):
    """An in-app notification."""

    channel: Literal["app"]
    message: str = Field(min_length=1)


class Step(Part):
    """Fields of every step."""

    id: Name | None = None


class EmailStep(Step):
    """Send this e-mail."""

    email: Name


class VariantsStep(Step):
    """Send one of several e-mails, chosen by a stable hash."""

    variants: dict[Name, Name] = Field(min_length=1)
    weights: dict[Name, Count] | None = None

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

    wait: PositiveDuration


class WaitUntilStep(Step):
    """Wait until an expression holds, but not longer than `up_to`."""

    wait_until: LeadExpression
    up_to: PositiveDuration
    then: tuple[AnyStep, ...] = ()
    else_: tuple[AnyStep, ...] = Field(default=(), alias="else")


class WaitForStep(Step):
    """Wait for a local time on a day that a field of the lead names, or on a day near it."""

    wait_for: Name = Field(description="The field, of type date, like renewal")
    before: PositiveDays | None = Field(
        default=None, description="So many days before the date, like 30d"
    )
    after: PositiveDays | None = Field(
        default=None, description="So many days after the date, like 1w"
    )
    at: TimeField = Field(default=time(), description="The local time of the lead, like 09:00")
    then: tuple[AnyStep, ...] = ()
    else_: tuple[AnyStep, ...] = Field(default=(), alias="else")

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

    if_: LeadExpression = Field(alias="if")
    then: tuple[AnyStep, ...] = ()
    else_: tuple[AnyStep, ...] = Field(default=(), alias="else")


class TaskStep(Step):
    """Open a task for the lead's owner, or for a team."""

    task: TaskWork


class NotifyStep(Step):
    """Send an in-app notification."""

    notify: Notification


class MoveToStep(Step):
    """Leave this track and enter another."""

    move_to: Name


class FinishStep(Step):
    """Leave this track."""

    finish: Literal[True]


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

    for_: LeadExpression = Field(alias="for")
    start_on: EventExpression | None = Field(
        default=None,
        description="An event that begins the track, also out of another track,"
        " like event.type == 'content.downloaded'",
    )
    exit: LeadExpression | None = None
    again: Flag = False
    steps: tuple[AnyStep, ...] = Field(min_length=1)
