"""A launch: a list of leads that is started on a program, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from models.on_conflict import OnConflict

RATE = 100.0
"""Rows a second, unless somebody says otherwise."""
MOST_RATE = 10_000.0

Standing = Literal["storing", "running", "paused", "done", "cancelled", "undoing", "undone"]
"""`storing`: its rows are not all stored yet, so nothing was started."""

UNDER_WAY: tuple[Standing, ...] = ("running", "undoing")
"""Standings in which its workflow has something to do."""
NOT_OVER: tuple[Standing, ...] = ("storing", "running", "paused")
"""Standings in which rows may still be started."""

UNDO = "undo"
"""What a lead's workflow is sent when its launch is undone."""
CLOSED = "closed"
"""What an undo did to a lead. For a lead that it left, its reason stands in this place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One launch and how far it is. `number` counts up over all programs."""

    number: int
    program: str
    digest: str
    """The version of the program by which the rows were read."""
    file: str
    """The file's name, without its folder."""
    file_digest: str
    """The SHA-256 of the file."""
    on_conflict: OnConflict
    options: Mapping[str, Any]
    """What was said about the file: `encoding`, `mapping`."""
    read_as: Mapping[str, Any]
    """What was understood of the file."""
    form: Mapping[str, Any]
    """How its rejected rows are written."""
    rate: float = RATE
    """Rows a second."""
    at: datetime
    by: str = ""
    standing: Standing
    size: int = 0
    """Rows that are stored, with those that can't be used."""
    handled: int = 0
    """The last row whose effect is stored; of an undo, the last that was looked at."""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    closed: int = 0
    """Of an undo: leads that it closed."""
    kept: int = 0
    """Of an undo: leads of the launch that it left, because somebody touched them."""
    sweep: int = 0
    """Of an undo: how often it has gone through the rows."""
    ended: datetime | None = None

    @property
    def workflow(self) -> str:
        """The id of the workflow that carries it out."""
        return f"launch/{self.number}"

    @property
    def done(self) -> int:
        """Rows of which it is known what became of them."""
        return self.created + self.updated + self.unchanged + self.rejected

    @property
    def plan(self) -> dict[str, int]:
        """What the rows did, as a dry run says it."""
        return {
            "create": self.created,
            "update": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRow:
    """One row of a list, as it is stored before anything is started."""

    number: int
    """Its place in the list, from 1."""
    line: int
    """The line in which it begins."""
    lead: list[Any] | None = field(default=None)
    """Its checked values; None if it can't be used."""
    written: Any
    """The row as it was written."""
    why: str = ""
    """Why it can't be used."""
