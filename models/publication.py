"""A publication: the act that makes a version of a program the newest of its name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

InFlight = Literal["pin", "finish", "migrate", "restart"]
"""What becomes of leads in flight: they keep their version; they change it when they have finished
what they are in; they change it at once; they change it at once and begin their track anew."""
IN_FLIGHT: tuple[InFlight, ...] = get_args(InFlight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One publication. `number` counts up over all programs."""

    number: int
    name: str
    digest: str
    at: datetime
    by: str = ""
    note: str = ""
    in_flight: InFlight = "pin"
    recheck: bool = False
