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

Temper = Literal["eager", "curious", "silent", "annoyed", "unreachable"]

_TEMPERS: tuple[tuple[Temper, int], ...] = (
    ("eager", 26),
    ("curious", 30),
    ("silent", 34),
    ("annoyed", 6),
    ("unreachable", 4),
)
_AFTER_WORK = time(18, 30)
_EVENING_HOURS = 4


@dataclass(frozen=True, slots=True)
class Reaction:
    """An event that a prospect will cause at a program instant."""

    at: datetime
    event: Mapping[str, Any]


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
        events = self._events(email, dice)
        at = self._evening(now, dice)
        reactions = []
        for event in events:
            reactions.append(Reaction(at, event))
            at += timedelta(minutes=dice.randint(1, 9))
        return reactions

    def _events(self, email: str, dice: random.Random) -> list[dict[str, Any]]:
        delivered = {"type": "email.delivered", "subject": email}
        opened = {"type": "email.opened", "subject": email}
        clicked = {"type": "email.clicked", "subject": email}
        if self.temper == "unreachable":
            return [{"type": "email.bounced", "subject": email, "data": {"kind": "hard"}}]
        if self.temper == "silent":
            return [delivered] if dice.random() < 0.7 else [delivered, opened]
        if self.temper == "annoyed" and len(self.read) > 1:
            kind = "email.unsubscribed" if dice.random() < 0.8 else "email.complained"
            return [delivered, {"type": kind, "subject": email}]
        if email == "getting-started" and dice.random() < 0.5:
            return [opened, clicked, {"type": "product.activated", "subject": "trial"}]
        if self.temper == "eager":
            return [opened, clicked, *self._visits(dice)]
        return [opened, clicked] if dice.random() < 0.45 else [opened]

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
