"""A change of a program that somebody looks at before it is published, as the board stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from models.publication import InFlight

PlanStanding = Literal["playing", "ready", "failed", "asked", "published", "withdrawn"]
"""`playing`: the futures of leads in flight are being played. `asked`: it waits for the approval of
a second person. The last two are its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlan:
    """What is to be published, and what it would make otherwise. Instants are of the wall clock."""

    number: int
    name: str
    digest: str
    in_flight: InFlight
    recheck: bool
    note: str
    by: str
    at: datetime
    standing: PlanStanding = "playing"
    progress: str = ""
    """How far the futures are played, in words."""
    beat: datetime | None = None
    """When the progress was last stored."""
    newest: str = ""
    """The digest of the newest version when it was made; empty: there was none."""
    leads: Mapping[str, int] = field(default_factory=dict)
    """The leads in flight then, each with the number of its last turn."""
    impact: Mapping[str, Any] | None = None
    why: str = ""
    """Why the futures could not be played."""
    asked_by: str = ""
    """Who asked for the approval."""
    ended_by: str = ""
    """Who published it, approved it or withdrew it."""
    ended: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether it was published or withdrawn."""
        return self.ended is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedVersion:
    """A version of a program that was uploaded or pushed, and is not published by that."""

    digest: str
    name: str
    by: str
    note: str
    at: datetime
