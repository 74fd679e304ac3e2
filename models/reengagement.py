"""A run of a re-engagement schedule, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Phase = Literal["selecting", "sending", "checking", "ended"]
"""It looks at all leads in flight; it sends to those that it chose; it asks what became of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReengagementRun:
    """One run. `run` names it by its program and its scheduled instant."""

    run: str
    name: str
    """The program."""
    version: str
    """The digest of the newest version when it began."""
    at: datetime
    """When it began (wall clock): the instant for which leads are chosen."""
    phase: Phase = "selecting"
    stage: str = ""
    """The stage that is being looked at."""
    cursor: str = ""
    """The last lead of it, or the last that was asked what became of it."""
    found: int = 0
    """How many leads could be taken."""
    taken: int = 0
    left_over: int = 0
    """How many are left for the next run, because this one takes no more."""
    why_not: Mapping[str, int] = field(default_factory=dict)
    """How many were not taken for each reason (lifecycle/nurture/reengagement.py)."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Chosen leads that could not be reached, and why."""
    sweep: int = 0
    """How often the chosen leads were asked what became of them."""
    ended: datetime | None = None
