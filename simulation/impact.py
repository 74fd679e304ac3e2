"""The impact of a publication: what will be otherwise for each lead in flight, and when.

The quiet future of a lead is what happens by itself if nobody does anything. It is played twice by
the same pure rules from the stored states: without the publication, and with it. Mail is sent at
once, and owners are found as the directory would find them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, TypeVar

from lifecycle.nurture.place import gone_step
from lifecycle.program.rulebook import rulebook
from models.decision import Entry
from models.directory import Directory
from models.instants import parse_instant, write_instant
from models.program.program import Program
from models.state import LeadState
from simulation.pure import PureWorld
from simulation.quiet_future import quiet_steps
from simulation.scenario import PublishLine

_Key = TypeVar("_Key", date, str)
HORIZON = timedelta(days=30)
"""How far the futures are played."""

_SUBJECTS = {
    "email_sent": "email",
    "email_skipped": "email",
    "task_opened": "task_kind",
    "notified": "message",
    "track_entered": "track",
    "track_left": "track",
    "reminded": "clock",
    "breached": "clock",
    "stage": "to",
    "assigned": "owner",
    "profile": "changed",
}
"""The kinds of entries that make a difference, and the field that says what each is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlightLead:
    """A lead in flight: its stored state and its timeline of this cycle."""

    state: LeadState
    timeline: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStanding:
    """Everything that a future depends on."""

    leads: Sequence[InFlightLead]
    versions: Mapping[str, Program]
    """All versions that a lead stands on or waits for, and the newest, by digest."""
    newest: Program
    paused: bool
    people: Directory
    shares: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)
    """Of fair assignment, by team and member."""
    loads: Mapping[str, int] = field(default_factory=dict)
    """Leads of other programs that each person works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactLine:
    """One thing that happens to one lead at another instant; None: it does not happen."""

    lead: str
    kind: str
    about: str
    before: datetime | None
    after: datetime | None

    @property
    def change(self) -> str:
        """`earlier`, `later`, `newly` or `never`."""
        if self.before is None:
            return "newly"
        if self.after is None:
            return "never"
        return "earlier" if self.after < self.before else "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneStep:
    """A lead that stands at a step which the version lacks, and where it goes on."""

    lead: str
    track: str
    step: str
    goes_on: str | None
    """The step; None if the lead leaves the track."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a publication will make otherwise within the horizon."""

    at: datetime
    leads: int
    changing: int
    """How many leads change their version within the horizon."""
    lines: tuple[ImpactLine, ...]
    mails_before: Mapping[date, int]
    """Mails a day (UTC) without the publication."""
    mails_after: Mapping[date, int]
    loads_before: Mapping[str, int]
    """Leads that each person works at the horizon's end."""
    loads_after: Mapping[str, int]
    gone: tuple[GoneStep, ...] = ()
    """Who stands at a step that goes away when leads change at once and keep their place."""

    @property
    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """How many leads there are for each kind, subject and change; the most first."""
        leads: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for line in self.lines:
            leads[(line.kind, line.about, line.change)].add(line.lead)
        counted = {key: len(of) for key, of in leads.items()}
        return dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))

    @property
    def shifts(self) -> Mapping[tuple[str, str, str], tuple[timedelta, timedelta]]:
        """By how much that comes earlier or later: the least and the most."""
        spans: dict[tuple[str, str, str], list[timedelta]] = defaultdict(list)
        for line in self.lines:
            if line.before is not None and line.after is not None:
                spans[(line.kind, line.about, line.change)].append(abs(line.after - line.before))
        return {key: (min(of), max(of)) for key, of in spans.items()}

    @property
    def mails(self) -> Sequence[tuple[date, int, int]]:
        """Mails of each day (UTC) without the publication and with it."""
        return _beside(self.mails_before, self.mails_after)

    @property
    def loads(self) -> Sequence[tuple[str, int, int]]:
        """Leads that each person works at the horizon's end, without the publication and with."""
        return _beside(self.loads_before, self.loads_after)

    @property
    def gone_counts(self) -> Mapping[tuple[str, str, str | None], int]:
        """How many leads stand at each step that goes away, and go on at the same step."""
        counted = Counter((one.track, one.step, one.goes_on) for one in self.gone)
        return dict(counted.most_common())


def impact(
    standing: ProgramStanding,
    line: PublishLine,
    horizon: timedelta = HORIZON,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Impact:
    """Play both futures from the publication's instant on, and say what differs.

    `progress` is told in a few words how far that is, many times.
    """
    until = line.at + horizon
    before, after = world_of(standing), world_of(standing)
    after.catch_up(line.at)
    gone = _gone(standing, after.states.values(), line)
    after.publish(line)
    _play(before, line.at, until, "without the change", progress)
    _play(after, line.at, until, "with the change", progress)
    lines: list[ImpactLine] = []
    for lead in before.states:
        lines += lead_differences(lead, before.entries[lead], after.entries[lead])
    changing = sum(
        any(entry.kind == "program_changed" for entry in entries)
        for entries in after.entries.values()
    )
    return Impact(
        at=line.at,
        leads=len(before.states),
        changing=changing,
        lines=tuple(lines),
        mails_before=_mails(before.entries),
        mails_after=_mails(after.entries),
        loads_before=before.loads,
        loads_after=after.loads,
        gone=gone,
    )


def _beside(before: Mapping[_Key, int], after: Mapping[_Key, int]) -> list[tuple[_Key, int, int]]:
    """Two counts beside each other, in the order of what they count."""
    return [
        (key, before.get(key, 0), after.get(key, 0)) for key in sorted(before.keys() | after.keys())
    ]


def _gone(
    standing: ProgramStanding, states: Iterable[LeadState], line: PublishLine
) -> tuple[GoneStep, ...]:
    """Who stands at a step that the version lacks, just before it is published."""
    if line.in_flight != "migrate":
        return ()
    new, found = rulebook(line.program), list[GoneStep]()
    for state in states:
        if state.track is None or state.closed or state.digest == line.program.digest:
            continue
        moved = gone_step(rulebook(standing.versions[state.digest]), new, state.track)
        if moved is not None:
            step, goes_on = moved
            track = state.track.name
            found.append(GoneStep(lead=state.lead, track=track, step=step, goes_on=goes_on))
    return tuple(found)


def _play(
    world: PureWorld, at: datetime, until: datetime, which: str, progress: Callable[[str], None]
) -> None:
    days, shown = (until - at).days, -1
    progress(f"{which}, day 0 of {days}")
    for _ in quiet_steps(world, at, until):
        day = (min(world.next_due() or until, until) - at).days
        if day != shown:
            shown = day
            progress(f"{which}, day {day} of {days}")


def world_of(standing: ProgramStanding) -> PureWorld:
    """The leads as they stand, on a virtual clock. Timelines in it begin with what follows."""
    world = PureWorld(standing.newest, standing.people, shares=standing.shares)
    world.know(standing.versions, paused=standing.paused, loads=standing.loads)
    for place, lead in enumerate(sorted(standing.leads, key=lambda one: one.state.lead)):
        world.adopt(lead.state, lead.timeline, place)
    return world


def published_world(standing: ProgramStanding, line: PublishLine) -> PureWorld:
    """The same, after the publication. What is overdue is done before it, at its instant."""
    world = world_of(standing)
    world.catch_up(line.at)
    world.publish(line)
    return world


def lead_differences(
    lead: str, before: Sequence[Entry], after: Sequence[Entry]
) -> list[ImpactLine]:
    """Pair what happens in both futures: the first mail of a name with the first, and so on."""
    was, will = _happenings(before), _happenings(after)
    found: list[ImpactLine] = []
    for key in sorted(was.keys() | will.keys()):
        first, second = was.get(key, []), will.get(key, [])
        for place in range(max(len(first), len(second))):
            one = first[place] if place < len(first) else None
            other = second[place] if place < len(second) else None
            if one != other:
                kind, about = key
                found.append(ImpactLine(lead=lead, kind=kind, about=about, before=one, after=other))
    return found


def _happenings(entries: Sequence[Entry]) -> dict[tuple[str, str], list[datetime]]:
    found: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for entry in entries:
        if entry.kind in _SUBJECTS:
            found[happening(entry)].append(entry.at)
        if entry.kind == "assigned" and "due" in entry.fields:
            found[("due", "accept")].append(parse_instant(entry.fields["due"]))
    return found


def happening(entry: Entry) -> tuple[str, str]:
    """The kind of an entry that makes a difference, and what it is about."""
    found: Any = entry.fields.get(_SUBJECTS[entry.kind])
    about = ", ".join(found) if isinstance(found, list) else str(found)
    if entry.kind in ("track_left", "email_skipped"):
        about = f"{about} ({entry.fields.get('why')})"
    return entry.kind, about


def _mails(entries: Mapping[str, Sequence[Entry]]) -> dict[date, int]:
    days = Counter(
        entry.at.date() for of in entries.values() for entry in of if entry.kind == "email_sent"
    )
    return dict(sorted(days.items()))


def line_json(line: ImpactLine) -> dict[str, Any]:
    """A line as JSON values."""
    return {
        "lead": line.lead,
        "kind": line.kind,
        "about": line.about,
        "change": line.change,
        "before": write_instant(line.before) if line.before is not None else None,
        "after": write_instant(line.after) if line.after is not None else None,
    }
