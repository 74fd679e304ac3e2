"""What the rules may ask about the versions of a lead's program, besides the lead's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.decision import Entry
from models.program.program import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Each is asked only when the rules need it, so an ordinary turn costs no look-up."""

    load: Callable[[str], Program]
    """The version of this digest. Raises LookupError if it was not published."""
    newest: Callable[[], str]
    """The digest of the newest version of the lead's program."""
    paused: Callable[[], bool]
    """Whether the lead's program is paused."""
    timeline: Callable[[], Sequence[Entry]]
    """The lead's stored timeline of this cycle, in order: `event`, `track_entered`, `recycled`."""


def unknown_version(digest: str) -> Program:
    """`Versions.load` where only one version is known. Raises LookupError."""
    raise LookupError(f"no version {digest[:12]} is known here")
