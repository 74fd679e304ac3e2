"""The second implementation: figures from raw timeline lines, written as plainly as can be.

It shares no code with `reports`. It walks over all lines for each figure and does not care for
speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Line = dict[str, Any]
Counted = tuple[str, int]
"""A lead and the number of an entry."""

RANK = {
    "known": 0,
    "recycled": 0,
    "engaged": 1,
    "mql": 2,
    "sal": 3,
    "sql": 4,
    "opportunity": 5,
    "customer": 6,
}
OVER = ("customer", "lost", "recycled", "disqualified")


def at(line: Line) -> datetime:
    return datetime.fromisoformat(line["at"])


def counted(line: Line) -> Counted:
    return line["lead"], line["seq"]


@dataclass
class Way:
    """One way of a lead through the funnel: its lines of stages."""

    kind: str
    path: list[Line] = field(default_factory=list)
    over: bool = False

    @property
    def began(self) -> datetime:
        return at(self.path[0])

    def first(self, stage: str) -> Line | None:
        for line in self.path:
            if RANK.get(stage_of(line), -1) >= RANK[stage]:
                return line
        return None


def stage_of(line: Line) -> str:
    return str(line["stage"] if line["kind"] == "created" else line["to"])


def ways(lines: Iterable[Line]) -> list[Way]:
    """A lead's ways: each line of a stage either goes on with the last way, or begins one."""
    found: list[Way] = []
    for line in lines:
        if line["kind"] not in ("created", "stage"):
            continue
        stage = stage_of(line)
        if found and not found[-1].over:
            found[-1].path.append(line)
            found[-1].over = stage in OVER
            if stage == "recycled":
                found.append(Way("recycled", [line]))
        elif stage == "recycled":
            found.append(Way("recycled", [line]))
        elif stage not in OVER:
            before = line.get("from")
            kind = "new" if before is None else "repeat" if before == "customer" else "revived"
            found.append(Way(kind, [line]))
    return found


def week(when: datetime, zone: ZoneInfo) -> str:
    return when.astimezone(zone).strftime("%G-W%V")


def within(cohort: Sequence[Way], stage: str, days: int) -> set[Counted]:
    """Who of the cohort reached the stage in so many days."""
    found = set()
    for way in cohort:
        line = way.first(stage)
        if line is not None and at(line) <= way.began + timedelta(days=days):
            found.add(counted(line))
    return found


def weighted_incidence(cohort: Sequence[Way], stage: str, days: int, now: datetime) -> float:
    """The cumulative incidence by inverse weights of being watched.

    Each who reached it counts as one over the share that was still watched just before. This
    equals the Aalen-Johansen estimate (Antolini et al. 2006), and is computed another way.
    """
    seen: list[tuple[timedelta, str]] = []
    for way in cohort:
        line = way.first(stage)
        if line is not None:
            seen.append((at(line) - way.began, "reached"))
        elif way.over:
            seen.append((at(way.path[-1]) - way.began, "other"))
        else:
            seen.append((now - way.began, "open"))
    share = 0.0
    for length, ending in seen:
        if ending == "reached" and length <= timedelta(days=days):
            watched = 1.0
            for end in {one for one, how in seen if how == "open" and one < length}:
                # Ends at the same length come before: who had one is not watched any more.
                left = sum(one > end or (one == end and how == "open") for one, how in seen)
                watched *= 1 - sum(one == end and how == "open" for one, how in seen) / left
            share += 1 / (len(seen) * watched)
    return share
