"""Recurring work: re-engagement and the digest."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.durations import PositiveDuration
from models.program.values import Count, LeadExpression, Name, Part, Stage

REENGAGE: Literal["reengage"] = "reengage"
"""The name of the re-engagement schedule, in a program and on the timeline."""


class Select(Part):
    """Which leads a schedule takes."""

    stages: tuple[Stage, ...] = Field(
        default=(), description="The stages of the leads that are taken", examples=[["recycled"]]
    )
    idle_for: PositiveDuration | None = Field(
        default=None, description="How long nothing was heard from the person", examples=["60d"]
    )
    score: LeadExpression | None = Field(
        default=None,
        description="A condition that the lead must meet",
        examples=["score.fit >= 20.0"],
    )
    track: Name | None = Field(
        default=None, description="The track that the lead must be in", examples=["long-term"]
    )


class Schedule(Part):
    """Recurring work: a Temporal Schedule is made from it."""

    cron: str = Field(
        description="When it runs: minute, hour, day, month, weekday, in the program's time zone",
        examples=["30 8 * * MON-FRI"],
    )
    select: Select = Field(
        default=Select(),
        description="Which leads it takes; for re-engagement",
        examples=[{"stages": ["recycled"], "idle_for": "60d"}],
    )
    at_most: Annotated[Count, Field(ge=1)] | None = Field(
        default=None, description="How many leads it takes in one run", examples=[500]
    )
    track: Name | None = Field(
        default=None, description="The track that the leads enter", examples=["long-term"]
    )
