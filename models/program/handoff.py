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

    country: str | None = Field(
        default=None,
        description="The country whose public holidays close the day: an ISO 3166-1 code of"
        " two letters",
        examples=["US"],
    )
    subdivision: str | None = Field(
        default=None,
        description="The state or region, for its own holidays too: an ISO 3166-2 code"
        " without the country",
        examples=["NY"],
    )
    also: tuple[DayField, ...] = Field(
        default=(),
        description="More closed days, such as those of your company",
        examples=[["2026-12-24"]],
    )
    except_: tuple[DayField, ...] = Field(
        default=(),
        alias="except",
        description="Public holidays on which you work",
        examples=[["2026-10-12"]],
    )
    dates: tuple[DayField, ...] | None = Field(
        default=None,
        description="All closed days; filled in when the program is read",
        examples=[["2026-12-25"]],
    )

    @property
    def days(self) -> frozenset[date]:
        """All closed days. Without those that are filled in: `also` without `except`."""
        if self.dates is not None:
            return frozenset(self.dates)
        return frozenset(self.also) - frozenset(self.except_)


class Calendar(Part):
    """Opening hours: several blocks a day, in one time zone."""

    timezone: str | None = Field(
        default=None,
        description="The time zone of the hours (an IANA name); the program's if absent",
        examples=["America/New_York"],
    )
    hours: BlocksField = Field(
        description="The opening hours of each weekday or range of weekdays, as one block or"
        " several",
        examples=[{"mon-thu": ["09:00-12:30", "13:30-18:00"], "fri": ["09:00-16:00"]}],
    )
    holidays: Holidays = Field(
        default=Holidays(),
        description="Days on which no block begins",
        examples=[{"country": "US", "also": ["2026-12-24"]}],
    )


Preference = Literal["previous_owner", "company_owner"]
"""Who of a team is tried first, before the lowest share."""


class Route(Part):
    """The team that gets an MQL: that of the first route whose `when` holds."""

    when: LeadExpression | None = Field(
        default=None,
        description="Which leads this route takes; the first route that holds is used",
        examples=["lead.country == 'DE'"],
    )
    team: Name | None = Field(
        default=None, description="The team that gets these leads", examples=["emea"]
    )
    otherwise: Name | None = Field(
        default=None,
        description="The team of all leads that no route before takes; the last route has it",
        examples=["sdr"],
    )
    prefer: Preference | None = Field(
        default=None,
        description="Whom to try first on this route: the lead's last owner, or who owns the lead"
        " of the same company that was assigned last",
        examples=["company_owner"],
    )
    calendar: Name | None = Field(
        default=None,
        description="The calendar of all clocks of these handoffs that name none",
        examples=["buero"],
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
        description="In a list of clocks: the first clock that holds as it starts is used;"
        " the last may have no 'when'",
        examples=["did('form.submitted', 'demo')"],
    )
    within: PositiveDuration = Field(
        description="How much time there is; with a calendar, only its open time counts",
        examples=["4h"],
    )
    calendar: Name | None = Field(
        default=None,
        description="The calendar whose open time is counted; without one, the route's counts,"
        " else all time",
        examples=["office"],
    )
    remind_at: tuple[ShareField, ...] = Field(
        default=(),
        description="The shares of the time at which the owner is reminded",
        examples=[["50%", "80%"]],
    )
    on_breach: tuple[Literal["alert", "reassign"], ...] = Field(
        default=(),
        description="What happens when the time is over: alert the manager, or (accept only)"
        " reassign the lead",
        examples=[["alert"]],
    )
    then: Literal["keep", "recycle", "disqualify"] = Field(
        default="keep",
        description="What becomes of the lead after the last attempt: it is kept, recycled"
        " or disqualified",
        examples=["recycle"],
    )
    reason: Name | None = Field(
        default=None,
        description="Why, with 'then: recycle' or 'then: disqualify'; a reason of that list",
        examples=["not_worked"],
    )

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.then != "keep" and self.reason is None:
            raise ValueError(f"'then: {self.then}' needs a reason")
        return self


class FirstTouchClock(Clock):
    """How fast an accepted lead must be touched."""

    on_breach: tuple[Literal["alert"], ...] = Field(
        default=(),
        description="What happens when the time is over: the manager is alerted",
        examples=[["alert"]],
    )


class AcceptClock(Clock):
    """How fast sales must accept, and how many owners may try."""

    attempts: Annotated[Count, Field(ge=1)] = Field(
        default=1, description="How many owners may try, one after the other", examples=[2]
    )


class QualifyClock(Clock):
    """How fast an accepted lead must be qualified, and who gets it then."""

    on_breach: tuple[Literal["alert"], ...] = Field(
        default=(),
        description="What happens when the time is over: the manager is alerted",
        examples=[["alert"]],
    )
    then_to: Name | None = Field(
        default=None,
        description="The team that gets the lead once it is qualified, with an accept clock"
        " of its own",
        examples=["ae"],
    )


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

    routing: tuple[Route, ...] = Field(
        min_length=1,
        description="Which team gets a lead; the first route that holds, and a last one with"
        " otherwise",
        examples=[[{"when": "lead.country == 'DE'", "team": "emea"}, {"otherwise": "sdr"}]],
    )
    prefer: Preference | None = Field(
        default=None,
        description="Whom to try first on every route that names nobody else: the lead's last"
        " owner, or who owns the lead of the same company that was assigned last",
        examples=["previous_owner"],
    )
    accept: OneOrList[AcceptClock] | None = Field(
        default=None,
        description="The clock from the assignment to the acceptance, or a list of clocks with"
        " 'when'",
        examples=[{"within": "4h", "calendar": "office", "on_breach": ["alert"]}],
    )
    first_touch: OneOrList[FirstTouchClock] | None = Field(
        default=None,
        description="The clock from the acceptance to the first touch, or a list of clocks with"
        " 'when'",
        examples=[{"within": "2h", "on_breach": ["alert"]}],
    )
    qualify: OneOrList[QualifyClock] | None = Field(
        default=None,
        description="The clock from the acceptance to the qualification, or a list of clocks"
        " with 'when'",
        examples=[{"within": "10d", "remind_at": ["50%"]}],
    )
    hold_at_most: PositiveDuration = Field(
        default=Duration(30, "d"),
        description="The longest time for which one handoff may be held in all; a day is 24 hours",
        examples=["30d"],
    )

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
