"""A program compiled for the rules: expressions, linked steps, calendars.

The file is long because all parts of a program are compiled here into one value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from lifecycle.calendars.business_time import (
    AlwaysOpen,
    BusinessCalendar,
    always_open,
    business_calendar,
)
from lifecycle.calendars.local_time import zone
from lifecycle.program.expressions import Expression, expression
from lifecycle.program.profile import field_types
from lifecycle.program.step_ids import former_ids, free_name, step_ids
from lifecycle.stable_hash import short_hash
from lifecycle.stages import REENGAGED, TRACKLESS
from models.durations import Duration
from models.program.expression_places import expression_places
from models.program.handoff import CLOCK_NAMES, Clock, Preference
from models.program.lifecycle import IdleRule
from models.program.program import Program
from models.program.schedules import REENGAGE
from models.program.scoring import EngagementRule
from models.program.tracks import (
    AnyStep,
    BranchingStep,
    IfStep,
    Track,
    WaitUntilStep,
)
from models.program.values import Stage

MAX_LOCAL_DAY_DIFFERENCE = timedelta(days=2)
"""Calendar days and days of 24 hours differ by less than this."""

OpenTime: TypeAlias = BusinessCalendar | AlwaysOpen


@dataclass(frozen=True, slots=True, eq=False)
class StepNode:
    """A step of a track and the ids of the steps after it. The state names steps by id."""

    id: str
    step: AnyStep
    next: str | None
    then: str | None = None
    otherwise: str | None = None
    condition: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledTrack:
    """A track with its steps by id."""

    name: str
    for_: Expression
    start_on: Expression | None
    exit: Expression | None
    again: bool
    first: str
    nodes: dict[str, StepNode]
    former_ids: dict[str, str]
    """Ids that release 0.1 gave to steps, with the present ones."""

    def step(self, name: str) -> StepNode | None:
        """The step of this id, which may be a former one; None if there is none."""
        return self.nodes.get(name) or self.nodes.get(self.former_ids.get(name, ""))


@dataclass(frozen=True, slots=True, eq=False)
class PointsRule:
    """An engagement rule. The state names it by what it says, never by its place in the list."""

    key: str
    former: str
    """Its place in the list, by which release 0.1 named it."""
    rule: EngagementRule
    when: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRoute:
    """A route: the team, who of it is tried first, and the team's calendar."""

    when: Expression | None
    team: str
    prefer: Preference | None
    calendar: str | None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledReengagement:
    """The schedule `reengage`: which leads a run takes, and the track that they enter."""

    track: str
    stages: tuple[Stage, ...]
    idle_for: Duration | None
    score: Expression | None
    within: str | None
    """The track that a lead must be in."""
    at_most: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """All that the rules need of a program. Make one with `rulebook()`."""

    program: Program
    zone: ZoneInfo
    doors: tuple[tuple[Expression | None, str], ...]
    fit: tuple[tuple[Expression, float], ...]
    points: dict[str, tuple[PointsRule, ...]]
    """Engagement rules by the event type they are on."""
    half_life: timedelta | None
    idle: tuple[tuple[int, IdleRule, timedelta], ...]
    """Idle rules with their places, and a lower bound of the time after which each is due."""
    engaged: Expression | None
    mql: Expression | None
    mql_self_serve: Expression | None
    hand_raise: Expression | None
    disqualify: tuple[tuple[Expression, str], ...]
    tracks: dict[str, CompiledTrack]
    started_tracks: tuple[CompiledTrack, ...]
    """The tracks that an event begins (`start_on`), in file order."""
    routes: tuple[CompiledRoute, ...]
    clocks: dict[str, tuple[tuple[Expression | None, Clock], ...]]
    """The clocks of each name with their conditions, in file order."""
    flags: tuple[str, ...]
    """Fields that are false when absent."""
    fields: frozenset[str]
    """The fields that expressions see."""
    calendars: dict[str, BusinessCalendar]
    reengagement: CompiledReengagement | None
    did_signatures: frozenset[str]
    """The signatures of all `did()` calls."""

    def open_time(self, calendar: str | None, lead_zone: ZoneInfo) -> OpenTime:
        """The time that counts: the calendar's; without one, all time in the lead's zone."""
        if calendar is None:
            return always_open(lead_zone.key)
        return self.calendars[calendar]


_BOOKS: dict[str, Rulebook] = {}


def rulebook(program: Program) -> Rulebook:
    """Compile a program, once for each digest.

    Raises ValueError for an expression that does not parse or an unknown time zone. A checked
    program has neither.
    """
    book = _BOOKS.get(program.digest)
    if book is None:
        book = _BOOKS[program.digest] = _compile(program)
    return book


def _compile(program: Program) -> Rulebook:
    lifecycle = program.lifecycle
    handoff = program.handoff
    half_life = program.scoring.engagement.half_life
    points: dict[str, list[PointsRule]] = {}
    rules = program.scoring.engagement.rules
    for place, (key, rule) in enumerate(zip(_rule_keys(rules), rules, strict=True)):
        compiled = PointsRule(key, str(place), rule, _optional(rule.when))
        points.setdefault(rule.on, []).append(compiled)
    tracks = {name: _track(name, track) for name, track in program.tracks.items()}
    return Rulebook(
        program=program,
        zone=zone(program.timezone),
        doors=tuple((_optional(d.when), d.motion or d.otherwise or "sales") for d in program.doors),
        fit=tuple((expression(rule.when), rule.points) for rule in program.scoring.fit),
        points={on: tuple(rules) for on, rules in points.items()},
        half_life=half_life.elapsed if half_life is not None else None,
        idle=tuple(
            (place, rule, rule.after.elapsed - MAX_LOCAL_DAY_DIFFERENCE)
            for place, rule in enumerate(lifecycle.idle)
        ),
        engaged=_optional(lifecycle.engaged),
        mql=_optional(lifecycle.mql),
        mql_self_serve=_optional(lifecycle.mql_self_serve),
        hand_raise=_optional(lifecycle.hand_raise),
        disqualify=tuple((expression(r.when), r.reason) for r in lifecycle.disqualify),
        tracks=tracks,
        started_tracks=tuple(one for one in tracks.values() if one.start_on is not None),
        routes=tuple(
            CompiledRoute(
                _optional(route.when),
                route.to,
                route.prefer or handoff.prefer,
                route.calendar,
            )
            for route in handoff.routing
        )
        if handoff is not None
        else (),
        fields=frozenset(field_types(program)),
        clocks={
            name: tuple((_optional(clock.when), clock) for clock in handoff.clocks(name))
            for name in CLOCK_NAMES
        }
        if handoff is not None
        else {},
        flags=("consent", *(name for name, kind in program.fields.items() if kind == "flag")),
        calendars={
            name: business_calendar(calendar, program.timezone)
            for name, calendar in program.calendars.items()
        },
        reengagement=_reengagement(program),
        did_signatures=frozenset(
            signature
            for place in expression_places(program, Program)
            for signature in expression(place.source).did_signatures
        ),
    )


def _reengagement(program: Program) -> CompiledReengagement | None:
    """Its schedule; None if there is none, or one without a track to enter."""
    written = program.schedules.get(REENGAGE)
    if written is None or written.track is None:
        return None
    select = written.select
    return CompiledReengagement(
        track=written.track,
        stages=tuple(one for one in select.stages or REENGAGED if one not in TRACKLESS),
        idle_for=select.idle_for,
        score=_optional(select.score),
        within=select.track,
        at_most=written.at_most,
    )


def _rule_keys(rules: Iterable[EngagementRule]) -> list[str]:
    """What each rule says, in a few characters; the second of two that say the same gets `-2`."""
    taken: set[str] = set()
    keys: list[str] = []
    for rule in rules:
        said = [rule.on, rule.when, rule.points, str(rule.at_most)]
        key = free_name(short_hash(json.dumps(said)), taken)
        taken.add(key)
        keys.append(key)
    return keys


def _optional(source: str | None) -> Expression | None:
    return None if source is None else expression(source)


def _track(name: str, track: Track) -> CompiledTrack:
    ids = step_ids(track)
    nodes: dict[str, StepNode] = {}
    first = _link(track.steps, None, ids, nodes)
    return CompiledTrack(
        name=name,
        for_=expression(track.for_),
        start_on=_optional(track.start_on),
        exit=_optional(track.exit),
        again=track.again,
        first=first or "",
        nodes=nodes,
        former_ids=former_ids(track, ids),
    )


def _link(
    steps: tuple[AnyStep, ...], after: str | None, ids: dict[int, str], nodes: dict[str, StepNode]
) -> str | None:
    """Link a list of steps; `after` follows the last. Returns the id of the first step."""
    following = after
    for step in reversed(steps):
        then = otherwise = condition = None
        if isinstance(step, IfStep):
            condition = expression(step.if_)
        elif isinstance(step, WaitUntilStep):
            condition = expression(step.wait_until)
        if isinstance(step, BranchingStep):
            then = _link(step.then, following, ids, nodes)
            otherwise = _link(step.else_, following, ids, nodes)
        own = ids[id(step)]
        nodes[own] = StepNode(own, step, following, then, otherwise, condition)
        following = own
    return following
