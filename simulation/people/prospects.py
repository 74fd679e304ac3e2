"""Prospects for demonstrations: how made-up people react to the mail they get.

Each has a temper, fixed by a stable hash of the lead, so that a demonstration runs much the
same every time. People read mail after work: that is when they react.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lifecycle.stable_hash import stable_hash

Temper = Literal["eager", "curious", "away", "guarded", "silent", "annoyed", "unreachable"]
Doing = Literal[
    "open", "click", "scan", "reply", "away", "unsubscribe", "complain", "bounce", "tell"
]

_TEMPERS: tuple[tuple[Temper, int], ...] = (
    ("eager", 26),
    ("curious", 24),
    ("away", 6),
    ("guarded", 6),
    ("silent", 28),
    ("annoyed", 6),
    ("unreachable", 4),
)
"""Of a hundred people: `away` sends an out-of-office notice first, `guarded` sits behind a
scanner that follows every link."""
_HOLIDAY = timedelta(days=12)
_AFTER_WORK = time(18, 30)
_EVENING_HOURS = 4


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a prospect will do at a program instant.

    Mail is reacted to by the doors that mail has; `event` is what our own web site or product
    tells of the prospect.
    """

    at: datetime
    do: Doing
    event: Mapping[str, Any] = field(default_factory=dict)
    back: datetime | None = None
    """Until when an out-of-office notice says that nobody is there."""


@dataclass(slots=True)
class Prospect:
    """One made-up person, and what of the mail it has read so far."""

    lead: str
    zone: ZoneInfo
    read: list[str] = field(default_factory=list)

    @property
    def temper(self) -> Temper:
        """How this person is, fixed by the lead's id."""
        place = stable_hash("prospect", self.lead) * sum(weight for _, weight in _TEMPERS)
        for temper, weight in _TEMPERS:
            place -= weight
            if place < 0:
                return temper
        return "silent"

    def react(self, email: str, now: datetime) -> list[Reaction]:
        """What comes of an e-mail that arrives now (program time)."""
        self.read.append(email)
        dice = random.Random(f"{self.lead}/{email}/{len(self.read)}")  # noqa: S311  # a play, no secret
        if self.temper == "unreachable":
            return [Reaction(now, "bounce")]
        at = self._evening(now, dice)
        reactions = []
        if self.temper == "guarded":
            reactions.append(Reaction(now, "scan"))
        if self.temper == "away" and len(self.read) == 1:
            reactions.append(Reaction(now, "away", back=now + _HOLIDAY))
        for doing in self._doings(email, dice):
            if isinstance(doing, str):
                reactions.append(Reaction(at, doing))
            else:
                reactions.append(Reaction(at, "tell", doing))
            at += timedelta(minutes=dice.randint(1, 9))
        return reactions

    def _doings(self, email: str, dice: random.Random) -> list[Doing | dict[str, Any]]:
        """What this person does about the mail, in order."""
        if self.temper in ("silent", "guarded"):
            return [] if dice.random() < 0.7 else ["open"]
        if self.temper == "annoyed" and len(self.read) > 1:
            return ["unsubscribe"] if dice.random() < 0.8 else ["complain"]
        if self.temper == "away" and len(self.read) == 1:
            return []
        if email == "getting-started" and dice.random() < 0.5:
            return ["open", "click", {"type": "product.activated", "subject": "trial"}]
        if self.temper == "eager":
            answers: list[Doing | dict[str, Any]] = ["reply"] if dice.random() < 0.1 else []
            return ["open", "click", *self._visits(dice), *answers]
        return ["open", "click"] if dice.random() < 0.45 else ["open"]

    def _visits(self, dice: random.Random) -> list[dict[str, Any]]:
        visits: list[dict[str, Any]] = [{"type": "page.viewed", "subject": "/pricing"}]
        if dice.random() < 0.8:
            visits.append({"type": "content.downloaded", "subject": "handbook"})
        if dice.random() < 0.2:
            visits.append({"type": "event.attended", "subject": "webinar"})
        if len(self.read) > 1 and dice.random() < 0.35:
            visits.append({"type": "form.submitted", "subject": "demo"})
        return visits

    def _evening(self, now: datetime, dice: random.Random) -> datetime:
        local = now.astimezone(self.zone)
        day = local.date() + timedelta(days=dice.choice((0, 0, 0, 1, 2)))
        evening = datetime.combine(day, _AFTER_WORK, self.zone)
        evening += timedelta(minutes=dice.randint(0, _EVENING_HOURS * 60))
        return max(evening, now + timedelta(minutes=30))
