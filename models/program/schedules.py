"""Recurring work: re-engagement and the digest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.durations import PositiveDuration
from models.program.values import Count, LeadExpression, Name, Part, Stage


class Select(Part):
    """Which leads a schedule takes."""

    stages: tuple[Stage, ...] = ()
    idle_for: PositiveDuration | None = None
    score: LeadExpression | None = None
    track: Name | None = None


class Schedule(Part):
    """Recurring work: a Temporal Schedule is made from it."""

    cron: str
    select: Select = Select()
    at_most: Annotated[Count, Field(ge=1)] | None = None
    track: Name | None = None
