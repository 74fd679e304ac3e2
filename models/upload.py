"""A list that somebody uploaded at the board, until it is launched or removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from models.on_conflict import OnConflict

MOST_BYTES = 25_000_000
"""The largest list that is taken: more than 100,000 rows of 200 characters."""
KEPT_FOR = timedelta(days=3)
"""How long a list stays that is not launched: from a Friday until Monday."""

JobName = Literal["read", "plan", "store"]
"""`read`: understand the columns. `plan`: the dry run. `store`: launch it."""

INTERRUPTED_AFTER = timedelta(seconds=60)
"""A job that nobody has said to be alive for so long was interrupted: its gateway has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is being done with a list, and how far it is. Instants are of the wall clock."""

    name: JobName
    id: str
    """Of this attempt: what an earlier one finds is not stored any more."""
    pulse: datetime
    """When it was last said to be alive."""
    done: int = 0
    of: int = 0
    """What `done` counts up to; 0 as long as it waits for its turn."""
    what: str = ""
    """What is counted, in words."""

    def interrupted(self, wall: datetime) -> bool:
        """Whether nobody works on it any more."""
        return wall - self.pulse > INTERRUPTED_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An uploaded list, with what was said and found out about it."""

    id: str
    at: datetime
    """When it was uploaded (wall clock)."""
    by: str
    """The address of who uploaded it."""
    file: str
    """The file's name."""
    file_digest: str
    """The SHA-256 of the file."""
    size: int
    """Bytes."""
    program: str
    on_conflict: OnConflict
    encoding: str | None
    """What somebody said it is; None: it is found out."""
    mapping: Mapping[str, str]
    """What somebody said that columns mean; empty text leaves a column out."""
    job: Job | None = None
    found: Mapping[str, Any] | None = None
    """What `read` found, or why the file can't be used."""
    plan: Mapping[str, Any] | None = None
    """What `plan` found. None if the mapping was changed since."""
    launch: int | None = None
    """The number of its launch, as soon as all rows are stored."""

    @property
    def until(self) -> datetime:
        """When it is removed."""
        return self.at + KEPT_FOR
