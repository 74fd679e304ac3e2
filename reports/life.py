"""A lead's life: what reports need of its timeline, as one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from reports.table import CountedEntry

Part = Literal["handoffs", "mailings", "happenings", "deals"]
"""A part of a life that a report may need besides the moves, which every report needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something on a timeline."""

    lead: str
    seq: int
    at: datetime

    def item(self, value: float | None = None, *, ended: bool = True) -> CountedEntry:
        """This fact as what a cell counts."""
        return CountedEntry(self.lead, self.seq, value, ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Fact):
    """A change of stage; the first is the creation, which has no `source`."""

    source: str | None
    target: str
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing(Fact):
    """A nurture mail: sent, or not."""

    outcome: Literal["sent", "deferred", "skipped", "failed"]
    email: str
    step: str
    track: str | None
    variant: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening(Fact):
    """An event that counted: neither ignored nor done by a machine."""

    type: str
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch(Fact):
    """A touch by a sales person."""

    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach(Fact):
    """A clock that was used up."""

    clock: str
    owner: str | None
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedHandoff(Fact):
    """Sales accepts a handoff."""

    by: str
    open_seconds: int
    """The counted time that the owner took, without holds."""
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Fact):
    """A pause of clocks, and when it really ended (None: not yet)."""

    clocks: tuple[str, ...]
    """Empty: all of them."""
    until: datetime | None
    why: str | None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Fact):
    """An owner who has the lead to accept, or to work, until another gets it."""

    owner: str
    due: datetime | None
    """Until when it is to be accepted; None where that clock did not start anew."""
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffLife(Fact):
    """One handoff to a team. `at` is when it was opened."""

    number: int
    team: str | None
    second: bool
    """Whether the lead was qualified already (`then_to`)."""
    digest: str
    """The version of the program at its opening."""
    attempts: tuple[Attempt, ...] = ()
    accepted: AcceptedHandoff | None = None
    touches: tuple[Touch, ...] = ()
    breaches: tuple[Breach, ...] = ()
    holds: tuple[Hold, ...] = ()
    qualified: Fact | None = None
    ended: Fact | None = None
    """What ended it before its acceptance or its qualification: a recycle, another handoff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DealStep(Fact):
    """An opportunity that is opened, won or lost."""

    outcome: Literal["opportunity", "won", "lost"]
    amount: float
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What reports group leads by. It is as the lead's row has it now, for every `as of`."""

    program: str
    digest: str = ""
    motion: str = "sales"
    source: str | None = None
    door: str | None = None
    country: str | None = None
    holdout: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadLife:
    """What happened to one lead until an instant.

    A part that was not asked for is empty.
    """

    lead: str
    about: About
    moves: tuple[Move, ...]
    """By time. The first is the creation."""
    handoffs: tuple[HandoffLife, ...] = ()
    mailings: tuple[Mailing, ...] = ()
    happenings: tuple[Happening, ...] = ()
    deals: tuple[DealStep, ...] = ()

    @property
    def created(self) -> datetime:
        """When the lead was created."""
        return self.moves[0].at

    @property
    def team(self) -> str | None:
        """The team that had the last handoff."""
        return self.handoffs[-1].team if self.handoffs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """A timeline entry as it is stored."""

    seq: int
    at: datetime
    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
