"""When a lead changes its stage, and why it is recycled, disqualified or lost."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.durations import Duration, DurationField, PositiveDuration, Share, ShareField
from models.program.values import Count, EventExpression, Flag, LeadExpression, Name, Part, Stage


class DisqualifyRule(Part):
    """When a lead is disqualified. Checked at creation and at profile changes."""

    when: LeadExpression = Field(
        description="Which leads are disqualified; asked at creation and at profile changes",
        examples=["lead.competitor"],
    )
    reason: Name = Field(description="Why: a reason of disqualify.reasons", examples=["competitor"])


class IdleRule(Part):
    """What happens to a lead that no longer reacts."""

    after: PositiveDuration = Field(
        description="How long nothing was heard from the person", examples=["90d"]
    )
    in_: tuple[Stage, ...] = Field(
        alias="in",
        min_length=1,
        description="The stages in which this rule holds",
        examples=[["known", "engaged"]],
    )
    do: Literal["recycle", "disqualify"] = Field(
        description="What becomes of the lead then", examples=["recycle"]
    )
    reason: Name = Field(
        description="Why: a reason of recycle.reasons or disqualify.reasons", examples=["gone_cold"]
    )


class Lifecycle(Part):
    """When a lead becomes engaged, marketing qualified, disqualified or idle."""

    engaged: LeadExpression | None = Field(
        default=None,
        description="When a known or recycled lead becomes engaged",
        examples=["score.engagement >= 10.0"],
    )
    mql: LeadExpression | None = Field(
        default=None,
        description="When a lead of motion sales goes to sales",
        examples=["score.fit >= 20.0 && score.engagement >= 40.0"],
    )
    mql_self_serve: LeadExpression | None = Field(
        default=None,
        description="When a lead of motion self_serve goes to sales; without it, never",
        examples=["did('product.activated') && lead.employees >= 50"],
    )
    hand_raise: EventExpression | None = Field(
        default=None,
        description="An event that makes an MQL at once, whatever the score",
        examples=["event.type == 'form.submitted' && event.subject == 'demo'"],
    )
    disqualify: tuple[DisqualifyRule, ...] = Field(
        default=(),
        description="Which leads are no fit, and why",
        examples=[[{"when": "lead.competitor", "reason": "competitor"}]],
    )
    idle: tuple[IdleRule, ...] = Field(
        default=(),
        description="What becomes of leads from whom nothing is heard",
        examples=[
            [{"after": "90d", "in": ["known", "engaged"], "do": "recycle", "reason": "gone_cold"}]
        ],
    )


class RecycleReason(Part):
    """Why a lead goes back to marketing, and how long its cool-off is."""

    cool_off: DurationField = Field(
        default=Duration(0, "d"),
        description="For how long marketing sends nothing to the lead",
        examples=["90d"],
    )
    needs_touches: Count = Field(
        default=0,
        description="How many touches must be logged before this reason may be given",
        examples=[6],
    )


class Recycle(Part):
    """How leads come back to marketing."""

    at_most: Count | None = Field(
        default=None,
        description="How often a person may recycle a lead; the next time it is disqualified"
        " (recycled_out)",
        examples=[3],
    )
    keep_engagement: ShareField = Field(
        default=Share(0),  # type: ignore[arg-type]  # an int is a fine exact share
        description="The share of the engagement score that the lead keeps",
        examples=["0%"],
    )
    reasons: dict[Name, RecycleReason] = Field(
        default={},
        description="The reasons to give a lead back to marketing, by name",
        examples=[{"not_now": {"cool_off": "90d"}}],
    )


class DisqualifyReason(Part):
    """Why a lead is disqualified, and whether a raised hand revives it."""

    revive: Flag = Field(
        default=False, description="Whether a raised hand brings the lead back", examples=[True]
    )


class Disqualify(Part):
    """Reasons to disqualify; `recycled_out` is built in."""

    reasons: dict[Name, DisqualifyReason] = Field(
        default={},
        description="The reasons to end a lead, by name; recycled_out is built in",
        examples=[{"no_fit": {"revive": True}}],
    )


class LostReason(Part):
    """Why a deal was lost, and when marketing may try again."""

    cool_off: DurationField = Field(
        default=Duration(0, "d"),
        description="How long after the lost deal the lead is recycled",
        examples=["180d"],
    )
