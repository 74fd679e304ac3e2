"""Snapshots: what the first entries of a timeline told, so that a report reads only the later ones.

Entries are never changed and only ever added at the end. So the life that the first `seq` entries
tell stays the same for ever, and a report as of any instant from `until` on may begin with it: it
reads the entries behind them, and gets exactly what it would get from all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from reports.life import DealStep, HandoffLife, Happening, Mailing, Move

SnapshotPart = Literal["moves", "handoffs", "mailings", "happenings", "deals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSnapshot:
    """What the entries up to a number told. A part that was not asked for is empty."""

    seq: int
    """The number of the last entry that was read."""
    until: datetime
    """The latest instant of these entries."""
    stage: str
    track: str | None
    digest: str | None
    """The version of the program, if the entries say it."""
    moves: tuple[Move, ...]
    handoffs: tuple[HandoffLife, ...] = ()
    mailings: tuple[Mailing, ...] = ()
    happenings: tuple[Happening, ...] = ()
    deals: tuple[DealStep, ...] = ()


_FORMS: Final[dict[SnapshotPart, Any]] = {
    "moves": tuple[Move, ...],
    "handoffs": tuple[HandoffLife, ...],
    "mailings": tuple[Mailing, ...],
    "happenings": tuple[Happening, ...],
    "deals": tuple[DealStep, ...],
}
WRITTEN: Final[dict[SnapshotPart, TypeAdapter[Any]]] = {
    name: TypeAdapter(of) for name, of in _FORMS.items()
}
"""How each part is written as JSON."""
_READ: Final[dict[SnapshotPart, TypeAdapter[Any]]] = {
    name: TypeAdapter(list[of])  # type: ignore[valid-type]  # a type that is a value
    for name, of in _FORMS.items()
}


def read_many(part: SnapshotPart, written: Sequence[str]) -> list[tuple[Any, ...]]:
    """What was written of a part, for many leads at once: one reading instead of a thousand."""
    found: list[tuple[Any, ...]] = _READ[part].validate_json(f"[{','.join(written)}]")
    return found


@cache
def form() -> str:
    """The form of snapshots: another one as soon as timelines are read in another way.

    Snapshots of another form are left alone and made anew, so no report ever mixes two readings.
    """
    here = Path(__file__).parent
    read_by = b"".join((here / f"{name}.py").read_bytes() for name in ("reading", "life"))
    return hashlib.sha256(read_by).hexdigest()[:16]
