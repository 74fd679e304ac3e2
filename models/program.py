"""The program: what marketing writes in YAML, as an immutable value.

This file knows the shape of a program and what each single field may hold. What one
part says about another (an e-mail that a track names, a stage in an expression) is
checked where the file is read, so that every error can point at its line.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    model_validator,
)

from models.durations import (
    AtMostField,
    CapField,
    Duration,
    DurationField,
    PositiveDuration,
    Share,
    ShareField,
    TargetField,
)
from models.hours import BlocksField, DayField, DaysField, TimeBlockField

Stage = Literal[
    "known",
    "engaged",
    "mql",
    "sal",
    "sql",
    "opportunity",
    "customer",
    "lost",
    "recycled",
    "disqualified",
]
Motion = Literal["sales", "self_serve"]
FieldType = Literal["text", "number", "flag", "date"]

BUILT_IN_FIELDS: dict[str, FieldType] = {
    "email": "text",
    "first_name": "text",
    "last_name": "text",
    "company": "text",
    "title": "text",
    "phone": "text",
    "employees": "number",
    "industry": "text",
    "country": "text",
    "timezone": "text",
    "language": "text",
    "source": "text",
    "door": "text",
    "consent": "flag",
}
"""The profile every lead has; a program's `fields` add to it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"'{text}' is not a name; use letters, digits, '-', '_' and '.',"
            " a letter or digit first"
        )
    return text


Name = Annotated[str, AfterValidator(_name)]
Expression = Annotated[
    str, Field(min_length=1, max_length=2_000, description="A CEL expression, https://cel.dev")
]
"""The length is bounded because the engine is not: it ends the process on a very deep one."""
Flag = Annotated[bool, Strict()]
"""`true` or `false`; never `yes`, which is text in YAML 1.2."""
Count = Annotated[int, Strict(), Field(ge=0)]
Points = Annotated[float, Strict(), Field(allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a program: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Door(Part):
    """Which motion a lead is worked in; the first whose `when` holds."""

    when: Expression | None = None
    motion: Motion | None = None
    otherwise: Motion | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ruled = self.when is not None and self.motion is not None and self.otherwise is None
        rest = self.when is None and self.motion is None and self.otherwise is not None
        if not (ruled or rest):
            raise ValueError("write {when: EXPRESSION, motion: NAME} or {otherwise: NAME}")
        return self


class FitRule(Part):
    """Points for what a lead is."""

    when: Expression
    points: Points


class EngagementRule(Part):
    """Points for what a lead does."""

    on: str
    when: Expression | None = None
    points: Points
    at_most: AtMostField | None = None


class Engagement(Part):
    """The engagement score: its rules and the half-life of its continuous decay."""

    half_life: PositiveDuration | None = None
    rules: tuple[EngagementRule, ...] = ()


class Scoring(Part):
    """Fit and engagement."""

    fit: tuple[FitRule, ...] = ()
    engagement: Engagement = Engagement()


class DisqualifyRule(Part):
    """What makes a lead no fit, checked at creation and at profile changes."""

    when: Expression
    reason: Name


class IdleRule(Part):
    """What happens to a lead that no longer reacts."""

    after: PositiveDuration
    in_: tuple[Stage, ...] = Field(alias="in", min_length=1)
    do: Literal["recycle", "disqualify"]
    reason: Name


class Lifecycle(Part):
    """When a lead counts as engaged, marketing qualified, no fit, or gone cold."""

    engaged: Expression | None = None
    mql: Expression | None = None
    mql_self_serve: Expression | None = None
    hand_raise: Expression | None = None
    disqualify: tuple[DisqualifyRule, ...] = ()
    idle: tuple[IdleRule, ...] = ()


class SendWindow(Part):
    """When nurture mail may be sent, in the lead's own time zone; start included, end not."""

    days: DaysField = frozenset(range(7))
    hours: TimeBlockField


class Sending(Part):
    """How mail is sent."""

    from_: str = Field(alias="from")
    postal_address: str = Field(min_length=1)
    send_window: SendWindow | None = None
    caps: tuple[CapField, ...] = ()
    consent_required_in: tuple[str, ...] = ()
    holdout: ShareField = Share(0)  # type: ignore[arg-type]  # an int is a fine exact share
    rate: CapField | None = Field(
        default=None, description="The most mail of this program, all workers together"
    )
    domain_rate: CapField | None = Field(
        default=None, description="The most mail to any one recipient domain"
    )
    track: tuple[Literal["clicks", "opens"], ...] = ()
    double_opt_in: Flag = False


class Email(Part):
    """One e-mail: a subject and one body, inline text or an MJML template."""

    subject: str = Field(min_length=1)
    from_: Literal["owner"] | None = Field(
        default=None, alias="from", description="From the lead's owner, if there is one"
    )
    preheader: str | None = None
    text: str | None = None
    template: str | None = None
    mjml: str | None = Field(
        default=None, description="The template's text; filled in when the program is read"
    )
    operational: Flag = False

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if (self.text is None) == (self.template is None):
            raise ValueError("an e-mail has exactly one body: text or template")
        return self


class TaskWork(Part):
    """A piece of work for a person."""

    kind: Literal["call", "linkedin", "manual"]
    note: str = ""
    team: Name | None = None


class Notice(Part):
    """An in-app notification."""

    channel: Literal["app"]
    message: str = Field(min_length=1)


class Step(Part):
    """What every step has."""

    id: Name | None = None


class EmailStep(Step):
    """Send this e-mail."""

    email: Name


class VariantsStep(Step):
    """Send one of several e-mails, by the lead's stable hash."""

    variants: dict[Name, Name] = Field(min_length=1)
    weights: dict[Name, Count] | None = None

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        if self.weights is not None:
            if unknown := sorted(set(self.weights) - set(self.variants)):
                raise ValueError(f"weights name no such variant: {', '.join(unknown)}")
            if not any(self.weights.get(name, 1) for name in self.variants):
                raise ValueError("all weights are 0, so no variant could be chosen")
        return self


class WaitStep(Step):
    """Wait from the instant the step before was done."""

    wait: PositiveDuration


class WaitUntilStep(Step):
    """Wait until something holds, at most so long."""

    wait_until: Expression
    up_to: PositiveDuration
    then: tuple[AnyStep, ...] = ()
    else_: tuple[AnyStep, ...] = Field(default=(), alias="else")


class IfStep(Step):
    """Branch on what holds now."""

    if_: Expression = Field(alias="if")
    then: tuple[AnyStep, ...] = ()
    else_: tuple[AnyStep, ...] = Field(default=(), alias="else")


class TaskStep(Step):
    """Open a task for the lead's owner, or for a team."""

    task: TaskWork


class NotifyStep(Step):
    """Send an in-app notification."""

    notify: Notice


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
    IfStep,
    TaskStep,
    NotifyStep,
    MoveToStep,
    FinishStep,
)
_KIND_OF = dict(zip(_STEP_CLASSES, STEP_KINDS, strict=True))


def step_kind(step: object) -> str | None:
    """The key that says what a step is, of a raw mapping or of a value; None if there is none."""
    if isinstance(step, Step):
        return _KIND_OF[type(step)]
    if isinstance(step, dict):
        kinds = [kind for kind in STEP_KINDS if kind in step]
        return kinds[0] if kinds else None
    return None


AnyStep = Annotated[
    Annotated[EmailStep, Tag("email")]
    | Annotated[VariantsStep, Tag("variants")]
    | Annotated[WaitStep, Tag("wait")]
    | Annotated[WaitUntilStep, Tag("wait_until")]
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

    for_: Expression = Field(alias="for")
    exit: Expression | None = None
    again: Flag = False
    steps: tuple[AnyStep, ...] = Field(min_length=1)


class Holidays(Part):
    """Days on which a calendar's blocks do not open.

    `dates` is filled in when the program is read: the country's holidays of 2020 to 2045,
    with `also` and without `except`, so that a program means the same for ever.
    """

    country: str | None = None
    subdivision: str | None = None
    also: tuple[DayField, ...] = ()
    except_: tuple[DayField, ...] = Field(default=(), alias="except")
    dates: tuple[DayField, ...] | None = Field(
        default=None, description="All closed days; filled in when the program is read"
    )


class Calendar(Part):
    """Opening hours: several blocks a day, in one time zone."""

    timezone: str | None = Field(default=None, description="IANA name; the program's if absent")
    hours: BlocksField
    holidays: Holidays = Holidays()


class Route(Part):
    """Which team gets an MQL; the first whose `when` holds."""

    when: Expression | None = None
    team: Name | None = None
    otherwise: Name | None = None
    prefer: Literal["previous_owner"] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ruled = self.when is not None and self.team is not None and self.otherwise is None
        rest = self.when is None and self.team is None and self.otherwise is not None
        if not (ruled or rest):
            raise ValueError("write {when: EXPRESSION, team: NAME} or {otherwise: NAME}")
        return self


class Clock(Part):
    """A deadline in counted time, its reminders, and what a breach does."""

    within: PositiveDuration
    calendar: Name | None = None
    remind_at: tuple[ShareField, ...] = ()
    on_breach: tuple[Literal["alert", "reassign"], ...] = ()
    then: Literal["keep", "recycle", "disqualify"] = "keep"
    reason: Name | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.then != "keep" and self.reason is None:
            raise ValueError(f"'then: {self.then}' needs a reason")
        return self


class FirstTouchClock(Clock):
    """How fast an accepted lead must be touched."""

    on_breach: tuple[Literal["alert"], ...] = ()


class AcceptClock(Clock):
    """How fast sales must accept, and how many owners may try."""

    attempts: Annotated[Count, Field(ge=1)] = 1


class QualifyClock(Clock):
    """How fast an accepted lead must be qualified, and who gets it then."""

    on_breach: tuple[Literal["alert"], ...] = ()
    then_to: Name | None = None


class Handoff(Part):
    """How leads go to sales."""

    routing: tuple[Route, ...] = Field(min_length=1)
    prefer: Literal["previous_owner"] | None = None
    accept: AcceptClock | None = None
    first_touch: FirstTouchClock | None = None
    qualify: QualifyClock | None = None
    hold_at_most: PositiveDuration = Duration(30, "d")


class RecycleReason(Part):
    """Why a lead goes back to marketing, and for how long it is left alone."""

    cool_off: DurationField = Duration(0, "d")
    needs_touches: Count = 0


class Recycle(Part):
    """How leads come back to marketing."""

    at_most: Count | None = None
    keep_engagement: ShareField = Share(0)  # type: ignore[arg-type]  # an int is a fine exact share
    reasons: dict[Name, RecycleReason] = {}


class DisqualifyReason(Part):
    """Why a lead is no fit, and whether a raised hand brings it back."""

    revive: Flag = False


class Disqualify(Part):
    """Reasons to disqualify; `recycled_out` is built in."""

    reasons: dict[Name, DisqualifyReason] = {}


class LostReason(Part):
    """Why a deal was lost, and when marketing may try again."""

    cool_off: DurationField = Duration(0, "d")


class Select(Part):
    """Which leads a schedule takes."""

    stages: tuple[Stage, ...] = ()
    idle_for: PositiveDuration | None = None
    score: Expression | None = None
    track: Name | None = None


class Schedule(Part):
    """Work that recurs, made a Temporal Schedule."""

    cron: str
    select: Select = Select()
    at_most: Annotated[Count, Field(ge=1)] | None = None
    track: Name | None = None


class Intake(Part):
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
    intake: Intake = Intake()

    @cached_property
    def canonical_json(self) -> str:
        """The program as one line of JSON; equal programs have equal text.

        Mappings whose order means something (tracks are tried in file order, variants
        are weighed in it) keep it, so keys are not sorted.
        """
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical JSON, in hex: the program's identity."""
        return hashlib.sha256(self.canonical_json.encode()).hexdigest()
