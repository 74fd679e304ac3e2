"""Doors and scores: the motion of a lead, and points for what it is and does."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from models.durations import AtMostField, PositiveDuration
from models.program.values import EventExpression, LeadExpression, Motion, Part, Points


class Door(Part):
    """The motion of a lead: that of the first door whose `when` holds."""

    when: LeadExpression | None = Field(
        default=None, description="Which leads this door takes", examples=["lead.employees >= 200"]
    )
    motion: Motion | None = Field(
        default=None,
        description="The motion of these leads: with a salesperson, or without",
        examples=["sales"],
    )
    otherwise: Motion | None = Field(
        default=None,
        description="The motion of all leads that no door before takes; the last door has it",
        examples=["self_serve"],
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        ruled = self.when is not None and self.motion is not None and self.otherwise is None
        rest = self.when is None and self.motion is None and self.otherwise is not None
        if not (ruled or rest):
            raise ValueError("write {when: EXPRESSION, motion: NAME} or {otherwise: NAME}")
        return self


class FitRule(Part):
    """Points for what a lead is."""

    when: LeadExpression = Field(
        description="Which leads get the points", examples=["lead.employees >= 200"]
    )
    points: Points = Field(description="The points; fewer than 0 take away", examples=[20])


class EngagementRule(Part):
    """Points for what a lead does."""

    on: str = Field(description="The type of the event", examples=["page.viewed"])
    when: EventExpression | None = Field(
        default=None,
        description="A condition that the event must meet",
        examples=["event.subject.startsWith('/pricing')"],
    )
    points: Points = Field(description="The points for one such event, before decay", examples=[15])
    at_most: AtMostField | None = Field(
        default=None,
        description="The most points of this rule: 20 in a cycle, or '20 per 7d' in a"
        " rolling window",
        examples=["30 per 7d"],
    )


class Engagement(Part):
    """The engagement score: its rules and the half-life of its continuous decay."""

    half_life: PositiveDuration | None = Field(
        default=None,
        description="The time in which the score halves; a day is 24 hours; without it, no decay",
        examples=["30d"],
    )
    rules: tuple[EngagementRule, ...] = Field(
        default=(),
        description="Points for events; every rule that matches an event adds its points",
        examples=[[{"on": "email.clicked", "points": 10}]],
    )


class Scoring(Part):
    """Fit and engagement."""

    fit: tuple[FitRule, ...] = Field(
        default=(),
        description="Points for what a lead is: the sum of the rules that hold for its profile now",
        examples=[[{"when": "lead.employees >= 200", "points": 20}]],
    )
    engagement: Engagement = Field(
        default=Engagement(),
        description="Points for what a lead does, and their decay",
        examples=[{"half_life": "30d", "rules": [{"on": "email.clicked", "points": 10}]}],
    )
