"""Sales people for demonstrations: what made-up people of sales do when they are alerted.

Most accept in time; some never look, so that reminders, breaches and reassignments happen.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Deed:
    """An act, so long after the one before it (program time)."""

    after: timedelta
    do: str
    fields: Mapping[str, Any]


def deeds(person: str, lead: str, alert: str, *, closes: bool) -> list[Deed]:
    """What a person does about a lead on being told that it is theirs.

    `closes` says that the person works opportunities rather than first calls. A refused act
    ends the rest: the lead has moved on.
    """
    if alert != "assigned":
        return []
    dice = random.Random(f"{person}/{lead}/{closes}")  # noqa: S311  # a play, no secret
    if dice.random() < (0.05 if closes else 0.2):
        return []
    accept = Deed(timedelta(0), "accept", {})
    return [accept, *(_closing(dice) if closes else _calling(dice))]


def _touches(dice: random.Random, most: int) -> list[Deed]:
    return [
        Deed(
            timedelta(hours=dice.randint(1, 40)),
            "touch",
            {"channel": dice.choice(("call", "email", "linkedin"))},
        )
        for _ in range(dice.randint(1, most))
    ]


def _calling(dice: random.Random) -> list[Deed]:
    fate = dice.random()
    later = timedelta(hours=dice.randint(4, 60))
    if fate < 0.5:
        return [*_touches(dice, 3), Deed(later, "qualify", {})]
    if fate < 0.62:
        six = [Deed(timedelta(hours=20), "touch", {"channel": "call"}) for _ in range(6)]
        return [*six, Deed(later, "recycle", {"reason": "no_response"})]
    if fate < 0.75:
        reason = dice.choice(("not_now", "no_budget"))
        return [*_touches(dice, 2), Deed(later, "recycle", {"reason": reason})]
    if fate < 0.85:
        return [*_touches(dice, 2), Deed(later, "disqualify", {"reason": "no_fit"})]
    if fate < 0.93:
        note = Deed(timedelta(hours=1), "note", {"note": "budget round is in a few weeks"})
        return [*_touches(dice, 1), note, Deed(later, "qualify", {})]
    return _touches(dice, 1)


def _closing(dice: random.Random) -> list[Deed]:
    amount = dice.randrange(6_000, 60_000, 500)
    opened = Deed(
        timedelta(days=dice.randint(2, 6)),
        "open_opportunity",
        {"amount": amount, "currency": "USD"},
    )
    later = timedelta(days=dice.randint(8, 25))
    fate = dice.random()
    if fate < 0.5:
        return [opened, Deed(later, "win", {"amount": round(amount * 0.9)})]
    if fate < 0.9:
        reason = dice.choice(("price", "competitor", "no_decision"))
        return [opened, Deed(later, "lose", {"reason": reason})]
    return [opened]
