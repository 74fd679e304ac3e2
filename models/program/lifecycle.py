"""When a lead changes its stage, and why it is recycled, disqualified or lost."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.durations import Duration, DurationField, PositiveDuration, Share, ShareField
from models.program.values import Count, EventExpression, Flag, LeadExpression, Name, Part, Stage


class DisqualifyRule(Part):
    """When a lead is disqualified. Checked at creation and at profile changes."""

    when: LeadExpression
    reason: Name


class IdleRule(Part):
    """What happens to a lead that no longer reacts."""

    after: PositiveDuration
    in_: tuple[Stage, ...] = Field(alias="in", min_length=1)
    do: Literal["recycle", "disqualify"]
    reason: Name


class Lifecycle(Part):
    """When a lead becomes engaged, marketing qualified, disqualified or idle."""

    engaged: LeadExpression | None = None
    mql: LeadExpression | None = None
    mql_self_serve: LeadExpression | None = None
    hand_raise: EventExpression | None = None
    disqualify: tuple[DisqualifyRule, ...] = ()
    idle: tuple[IdleRule, ...] = ()


class RecycleReason(Part):
    """Why a lead goes back to marketing, and how long its cool-off is."""

    cool_off: DurationField = Duration(0, "d")
    needs_touches: Count = 0


class Recycle(Part):
    """How leads come back to marketing."""

    at_most: Count | None = None
    keep_engagement: ShareField = Share(0)  # type: ignore[arg-type]  # an int is a fine exact share
    reasons: dict[Name, RecycleReason] = {}


class DisqualifyReason(Part):
    """Why a lead is disqualified, and whether a raised hand revives it."""

    revive: Flag = False


class Disqualify(Part):
    """Reasons to disqualify; `recycled_out` is built in."""

    reasons: dict[Name, DisqualifyReason] = {}


class LostReason(Part):
    """Why a deal was lost, and when marketing may try again."""

    cool_off: DurationField = Duration(0, "d")
