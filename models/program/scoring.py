"""Doors and scores: the motion of a lead, and points for what it is and does."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from models.durations import AtMostField, PositiveDuration
from models.program.values import EventExpression, LeadExpression, Motion, Part, Points


class Door(Part):
    """The motion of a lead: that of the first door whose `when` holds."""

    when: LeadExpression | None = None
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

    when: LeadExpression
    points: Points


class EngagementRule(Part):
    """Points for what a lead does."""

    on: str
    when: EventExpression | None = None
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
