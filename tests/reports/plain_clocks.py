"""Handoffs and their clocks from raw lines, by a second and plain implementation.

Office time is summed day by day from what the calendars of Acme's program say, with the zone's own
rules, and shares no code with `lifecycle.calendars`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from tests.reports import plain

Lengths = list[tuple[float, bool]]
"""Lengths in seconds, and whether each has ended."""
Period = tuple[datetime, datetime]

_MORNING = (time(9), time(12, 30))
_LONG, _SHORT = (_MORNING, (time(13, 30), time(18))), (_MORNING, (time(13, 30), time(16)))
_NEW_YORK, _BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
_DAYS = holidays.country_holidays("US"), holidays.country_holidays("DE", subdiv="BE")


@cache
def _open(team: str, day: datetime) -> tuple[Period, ...]:
    """When a team's office is open on a day."""
    berlin = team == "emea"
    off = day.date() in _DAYS[berlin] or (not berlin and (day.month, day.day) == (12, 24))
    if off or day.weekday() > 4:
        return ()
    hours = ((time(9), time(17)),) if berlin else _SHORT if day.weekday() == 4 else _LONG
    zone = _BERLIN if berlin else _NEW_YORK
    both = ([datetime.combine(day, at, zone).astimezone(UTC) for at in one] for one in hours)
    return tuple((at, to) for at, to in both)


def office_seconds(team: str, start: datetime, end: datetime, held: Iterable[Period] = ()) -> int:
    """The open seconds from start to end that were not held."""
    pauses = [one for one in held if one[0] < end and one[1] > start]
    day, seconds = datetime.combine(start.date(), time()) - timedelta(days=1), 0.0
    while day.date() <= end.date() + timedelta(days=1):
        for at, to in _open(team, day):
            pieces = [(max(at, start), min(to, end))]
            for begin, finish in pauses:
                pieces = [
                    part
                    for one, other in pieces
                    for part in ((one, min(other, begin)), (max(one, finish), other))
                    if part[0] < part[1]
                ]
            seconds += sum((to - at).total_seconds() for at, to in pieces if at < to)
        day += timedelta(days=1)
    return int(seconds)


@dataclass
class Given:
    """An owner's time to accept."""

    line: plain.Line
    end: datetime | None = None
    late: bool = False
    accepted: plain.Line | None = None


@dataclass
class PlainHandoff:
    """One handoff, from its opening to what ended it."""

    opened: plain.Line
    second: bool
    given: list[Given] = field(default_factory=list)
    accepted: plain.Line | None = None
    qualified: plain.Line | None = None
    touches: list[plain.Line] = field(default_factory=list)
    breaches: list[plain.Line] = field(default_factory=list)
    holds: list[tuple[plain.Line, bool, list[datetime]]] = field(default_factory=list)
    """The line, whether it is of the qualify clock alone, and when it ended."""
    over: plain.Line | None = None
    """What ended it unfinished."""

    @property
    def team(self) -> str:
        return str(self.opened["team"])

    def held(self, clock: str, now: datetime) -> list[Period]:
        return [
            (plain.at(line), ends[0] if ends else now)
            for line, alone, ends in self.holds
            if not alone or clock == "qualify"
        ]

    def close(self, line: plain.Line) -> None:
        done = self.accepted is not None and (self.second or self.qualified is not None)
        if self.over is None and not done:
            self.over = line
        self.end_holds(plain.at(line))

    def end_holds(self, when: datetime, *, alone: bool | None = None) -> None:
        for line, only, ends in self.holds:
            if not ends and alone in (None, only):
                until = line.get("until")
                ends.append(when if until is None else min(when, datetime.fromisoformat(until)))


def works(lines: Sequence[plain.Line]) -> list[PlainHandoff]:
    """A lead's handoffs."""
    found: list[PlainHandoff] = []
    stage = ""
    for line in lines:
        kind, last = line["kind"], found[-1] if found else None
        if kind in ("created", "stage"):
            stage = plain.stage_of(line)
            if last and stage in ("recycled", "disqualified", "lost"):
                last.close(line)
        elif kind == "handoff_opened":
            if last:
                last.close(line)
            found.append(PlainHandoff(line, second=stage == "sql"))
        elif last is not None:
            _more(last, line)
    return found


def _more(work: PlainHandoff, line: plain.Line) -> None:  # noqa: C901, PLR0912 - one branch a kind
    kind, at = line["kind"], plain.at(line)
    if kind == "assigned":
        if work.accepted is None:
            if work.given:
                work.given[-1].end = at
            work.given.append(Given(line))
    elif kind == "accepted" and line["handoff"] == work.opened["handoff"]:
        work.accepted = line
        if work.given:
            work.given[-1].accepted, work.given[-1].end = line, at
    elif kind == "touched" and line.get("n") is not None:
        work.touches.append(line)
    elif kind == "breached":
        work.breaches.append(line)
        if line["clock"] == "accept" and work.given:
            work.given[-1].late = True
    elif kind == "qualified" and work.qualified is None:
        work.qualified = line
        work.end_holds(at)
    elif kind == "held":
        alone = line.get("why") == "meeting" and line.get("by") is None
        work.end_holds(at, alone=alone)
        work.holds.append((line, alone, []))
    elif kind == "resumed":
        why = line.get("why")
        if why not in ("meeting", "cancelled"):
            work.end_holds(at, alone=False)
        if why == "resume" or "qualify" in line["clocks"]:
            work.end_holds(at, alone=True)


def product_limit(lengths: Lengths, part: float) -> tuple[float, bool] | None:
    """The length by which this part has ended, and whether it can only be longer.

    At each length at which one ended, the part that is left shrinks by those who ended then, of
    those who were watched for at least as long.
    """
    if not lengths:
        return None
    ordered = sorted(length for length, _ in lengths)
    ends = sorted(length for length, ended in lengths if ended)
    left = 1.0
    for place, length in enumerate(ends):
        if place and ends[place - 1] == length:
            continue
        watched = len(ordered) - bisect_left(ordered, length)
        ended = bisect_left(ends, length + 1e-6) - place
        left *= 1 - ended / watched
        if left <= 1 - part + 1e-9:
            return length, False
    return ordered[-1], True
