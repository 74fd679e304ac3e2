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
    # Ends at the same length come before: who had one is not watched any more.
    seen.sort(key=lambda one: (one[0], one[1] == "open"))
    share, watched = 0.0, 1.0
    for place, (length, ending) in enumerate(seen):
        if ending == "reached" and length <= timedelta(days=days):
            share += 1 / (len(seen) * watched)
        if ending == "open":
            watched *= 1 - 1 / (len(seen) - place)
    return share


Seen = list[tuple[timedelta, str]]
"""How long each was watched, and how that ended: reached, other or open."""


def stays_towards(all_ways: Iterable[Way], stage: str, goal: str, now: datetime) -> Seen:
    """From each entry into the stage: how long until the goal, another end, or now."""
    seen: Seen = []
    for way in all_ways:
        goal_line = way.first(goal)
        for place, line in enumerate(way.path):
            if line is goal_line or (way.over and place == len(way.path) - 1):
                break
            if stage_of(line) != stage:
                continue
            if goal_line is not None:
                seen.append((at(goal_line) - at(line), "reached"))
            elif way.over:
                seen.append((at(way.path[-1]) - at(line), "other"))
            else:
                seen.append((now - at(line), "open"))
    return seen


def chance(seen: Seen, been: timedelta, ahead: timedelta) -> float:
    """How likely the goal comes in the time ahead, by those who were in the stage for longer.

    Each length at which somebody had an end: the share that is left by then has it at the rate of
    those who are still watched.
    """
    if len(seen) > 10:
        tenth = sorted(one for one, _ in seen)[-10]
        been = min(been, max(timedelta(0), tenth - ahead))
    left, share = 1.0, 0.0
    for length in sorted(
        {one for one, how in seen if how != "open" and been < one <= been + ahead}
    ):
        watched = sum(one >= length for one, _ in seen)
        share += left * sum(one == length and how == "reached" for one, how in seen) / watched
        left *= 1 - sum(one == length and how != "open" for one, how in seen) / watched
    return share
