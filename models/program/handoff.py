"""How a lead is handed to sales: calendars, routes and clocks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ruled = self.when is not None and self.team is not None and self.otherwise is None
        rest = self.when is None and self.team is None and self.otherwise is not None
        if not (ruled or rest):
            raise ValueError("write {when: EXPRESSION, team: NAME} or {otherwise: NAME}")
        return self


class Clock(Part):
    """A deadline in counted time, its reminders, and what follows from a breach."""

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
