"""Sales people for demonstrations: what made-up sales people do after an alert.

Most accept in time. Some never do, so that reminders, breaches and reassignments happen.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_LEAVES = 0.15
"""The share of opportunities that are won and whose customer leaves again."""
_STAYED = timedelta(days=30)
"""How long such a customer stays."""


@dataclass(frozen=True, slots=True)
class PlannedAct:
    """An act, so long after the one before it (program time)."""

    after: timedelta
    do: str
    fields: Mapping[str, Any]


def planned_acts(person: str, lead: str, alert: str, *, closes: bool) -> list[PlannedAct]:
    """What a person will do about a lead of which an alert says that it is theirs.

    `closes` says that the person works opportunities rather than first calls. If an act is
    refused, the lead has moved on, and the rest is left out.
    """
    if alert != "assigned":
        return []
    dice = random.Random(f"{person}/{lead}/{closes}")  # noqa: S311  # a play, no secret
    if dice.random() < (0.05 if closes else 0.2):
        return []
    accept = PlannedAct(timedelta(0), "accept", {})
    return [accept, *(_closing(dice) if closes else _calling(dice))]


def _touches(dice: random.Random, most: int) -> list[PlannedAct]:
    return [
        PlannedAct(
            timedelta(hours=dice.randint(1, 40)),
            "touch",
            {"channel": dice.choice(("call", "email", "linkedin"))},
        )
        for _ in range(dice.randint(1, most))
    ]


def _calling(dice: random.Random) -> list[PlannedAct]:
    outcome = dice.random()
    later = timedelta(hours=dice.randint(4, 60))
    if outcome < 0.5:
        return [*_touches(dice, 3), PlannedAct(later, "qualify", {})]
    if outcome < 0.62:
        six = [PlannedAct(timedelta(hours=20), "touch", {"channel": "call"}) for _ in range(6)]
        return [*six, PlannedAct(later, "recycle", {"reason": "no_response"})]
    if outcome < 0.75:
        reason = dice.choice(("not_now", "no_budget"))
        return [*_touches(dice, 2), PlannedAct(later, "recycle", {"reason": reason})]
    if outcome < 0.85:
        return [*_touches(dice, 2), PlannedAct(later, "disqualify", {"reason": "no_fit"})]
    if outcome < 0.93:
        note = PlannedAct(timedelta(hours=1), "note", {"note": "budget round is in a few weeks"})
        return [*_touches(dice, 1), note, PlannedAct(later, "qualify", {})]
    return _touches(dice, 1)


def _closing(dice: random.Random) -> list[PlannedAct]:
    amount = dice.randrange(6_000, 60_000, 500)
    opened = PlannedAct(
        timedelta(days=dice.randint(2, 6)),
        "open_opportunity",
        {"amount": amount, "currency": "USD"},
    )
    later = timedelta(days=dice.randint(8, 25))
    outcome = dice.random()
    if outcome < 0.5:
        won = PlannedAct(later, "win", {"amount": round(amount * 0.9)})
        left = PlannedAct(_STAYED, "churn", {"reason": "cancelled"})
        return [opened, won, left] if outcome < _LEAVES else [opened, won]
    if outcome < 0.9:
        reason = dice.choice(("price", "competitor", "no_decision"))
        return [opened, PlannedAct(later, "lose", {"reason": reason})]
    return [opened]
