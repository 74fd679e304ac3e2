"""Prospects for demonstrations: how made-up people react to the mail they get.

Each has a temperament, which a stable hash of the lead fixes, so that every demonstration is much
the same. People read mail after work and react then.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from lifecycle.stable_hash import stable_hash
from models.instants import write_instant

Temperament = Literal["eager", "curious", "away", "guarded", "silent", "annoyed", "unreachable"]
Action = Literal[
    "open", "click", "scan", "reply", "away", "unsubscribe", "complain", "bounce", "event"
]

_TEMPERAMENTS: tuple[tuple[Temperament, int], ...] = (
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
_VACATION = timedelta(days=12)
_AFTER_WORK = time(18, 30)
_EVENING_HOURS = 4
_BOOKS = 0.4
"""The share of later mails after which an eager person books a meeting."""
_CANCELS = 0.4
"""The share of meetings that are cancelled a day later."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a prospect will do at a program instant.

    `do` is "event" for what our own web site or product reports of the prospect, which `event`
    holds; all else is done with the mail.
    """

    at: datetime
    do: Action
    event: Mapping[str, Any] = field(default_factory=dict)
    back: datetime | None = None
    """When the out-of-office notice says that they return."""


@dataclass(slots=True)
class Prospect:
    """One made-up person; `read` are the e-mails that have arrived so far."""

    lead: str
    zone: ZoneInfo
    read: list[str] = field(default_factory=list)

    @property
    def temperament(self) -> Temperament:
        """This person's temperament, fixed by the lead's id."""
        place = stable_hash("prospect", self.lead) * sum(weight for _, weight in _TEMPERAMENTS)
        for temperament, weight in _TEMPERAMENTS:
            place -= weight
            if place < 0:
                return temperament
        return "silent"

    def react(self, email: str, now: datetime) -> list[Reaction]:
        """The reactions to an e-mail that arrives now (program time)."""
        self.read.append(email)
        dice = random.Random(f"{self.lead}/{email}/{len(self.read)}")  # noqa: S311  # a play, no secret
        if self.temperament == "unreachable":
            return [Reaction(now, "bounce")]
        at = self._evening(now, dice)
        reactions = []
        if self.temperament == "guarded":
            reactions.append(Reaction(now, "scan"))
        if self.temperament == "away" and len(self.read) == 1:
            reactions.append(Reaction(now, "away", back=now + _VACATION))
        for action in self._actions(email, dice):
            if isinstance(action, str):
                reactions.append(Reaction(at, action))
            else:
                reactions.append(Reaction(at, "event", action))
            at += timedelta(minutes=dice.randint(1, 9))
        if self.temperament == "eager" and len(self.read) > 1 and dice.random() < _BOOKS:
            reactions += _meeting(f"{self.lead}-{len(self.read)}", at, dice)
        return reactions

    def _actions(self, email: str, dice: random.Random) -> list[Action | dict[str, Any]]:
        """What this person does about the mail, in order."""
        if self.temperament in ("silent", "guarded"):
            return [] if dice.random() < 0.7 else ["open"]
        if self.temperament == "annoyed" and len(self.read) > 1:
            return ["unsubscribe"] if dice.random() < 0.8 else ["complain"]
        if self.temperament == "away" and len(self.read) == 1:
            return []
        if email == "getting-started" and dice.random() < 0.5:
            return ["open", "click", {"type": "product.activated", "subject": "trial"}]
        if self.temperament == "eager":
            answers: list[Action | dict[str, Any]] = ["reply"] if dice.random() < 0.1 else []
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


def _meeting(name: str, at: datetime, dice: random.Random) -> list[Reaction]:
    """A meeting that is booked, and perhaps cancelled on the next day."""
    starts = at + timedelta(days=dice.randint(3, 9))
    booked = {"type": "meeting.booked", "data": {"id": name, "starts_at": write_instant(starts)}}
    reactions = [Reaction(at, "event", booked)]
    if dice.random() < _CANCELS:
        cancelled = {"type": "meeting.cancelled", "data": {"id": name}}
        reactions.append(Reaction(at + timedelta(days=1), "event", cancelled))
    return reactions
