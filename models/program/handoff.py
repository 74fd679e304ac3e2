"""How a lead is handed to sales: calendars, routes and clocks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Discriminator, Field, Tag, model_validator

from models.durations import Duration, PositiveDuration, ShareField
from models.hours import BlocksField, DayField
from models.program.values import Count, LeadExpression, Name, Part


class Holidays(Part):
    """Days on which a calendar's blocks do not open.

    `dates` is filled in when the program is read: the country's holidays of 2020 to 2045, plus
    `also`, minus `except`. So a program always means the same, whatever the library's version.
    """

    country: str | None = None
    subdivision: str | None = None
    also: tuple[DayField, ...] = ()
    except_: tuple[DayField, ...] = Field(default=(), alias="except")
    dates: tuple[DayField, ...] | None = Field(
        default=None, description="All closed days; filled in when the program is read"
    )

    @property
    def days(self) -> frozenset[date]:
        """All closed days. Without those that are filled in: `also` without `except`."""
        if self.dates is not None:
            return frozenset(self.dates)
        return frozenset(self.also) - frozenset(self.except_)


class Calendar(Part):
    """Opening hours: several blocks a day, in one time zone."""

    timezone: str | None = Field(default=None, description="IANA name; the program's if absent")
    hours: BlocksField
    holidays: Holidays = Holidays()


class Route(Part):
    """The team that gets an MQL: that of the first route whose `when` holds."""

    when: LeadExpression | None = None
    team: Name | None = None
    otherwise: Name | None = None
    prefer: Literal["previous_owner"] | None = None
    calendar: Name | None = Field(
        default=None,
        description="The team's calendar: of all clocks of the handoff that name none",
    )

    @property
    def to(self) -> str:
        """The team that gets the lead."""
        return self.team or self.otherwise or ""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ruled = self.when is not None and self.team is not None and self.otherwise is None
        rest = self.when is None and self.team is None and self.otherwise is not None
        if not (ruled or rest):
            raise ValueError("write {when: EXPRESSION, team: NAME} or {otherwise: NAME}")
        return self


class Clock(Part):
    """A deadline in counted time, its reminders, and what follows from a breach."""

    when: LeadExpression | None = Field(
        default=None,
        description="In a list of clocks: the first that holds as the clock starts is used",
    )
    within: PositiveDuration
    calendar: Name | None = Field(
        default=None, description="Whose open time counts; the route's calendar if absent"
    )
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


ClockName = Literal["accept", "first_touch", "qualify"]

CLOCK_NAMES: tuple[ClockName, ...] = ("accept", "first_touch", "qualify")


def _form(value: object) -> str:
    return "list" if isinstance(value, list | tuple) else "one"


_Clock = TypeVar("_Clock", bound=Clock)

OneOrList = Annotated[
    Annotated[_Clock, Tag("one")]
    | Annotated[
        tuple[_Clock, ...],
        Field(min_length=1, description="Clocks with `when`; the last may have none"),
        Tag("list"),
    ],
    Discriminator(_form),
]
"""A clock, or a list of clocks with `when`."""


class Handoff(Part):
    """How leads go to sales."""

    routing: tuple[Route, ...] = Field(min_length=1)
    prefer: Literal["previous_owner"] | None = None
    accept: OneOrList[AcceptClock] | None = None
    first_touch: OneOrList[FirstTouchClock] | None = None
    qualify: OneOrList[QualifyClock] | None = None
    hold_at_most: PositiveDuration = Duration(30, "d")

    def clocks(self, name: ClockName) -> tuple[Clock, ...]:
        """The clocks of this name in file order; a clock that is no list is the only one."""
        written: Clock | tuple[Clock, ...] | None = getattr(self, name)
        if written is None:
            return ()
        return (written,) if isinstance(written, Clock) else written

    @property
    def second_teams(self) -> tuple[str, ...]:
        """The teams that get a qualified lead (`then_to`), in file order."""
        named = [one.then_to for one in self.clocks("qualify") if isinstance(one, QualifyClock)]
        return tuple(dict.fromkeys(team for team in named if team is not None))
