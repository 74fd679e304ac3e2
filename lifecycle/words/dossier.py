"""A lead on one screen, for a sales person: who it is, why now, what it read, the deadlines.

Reasons are the largest parts of the score at that instant: fit rules, and what the lead did in
this cycle, with decay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from lifecycle.handoff import clocks
from lifecycle.handoff.clock_settings import calendar_of, open_time_of, settings_of
from lifecycle.handoff.holds import paused_until
from lifecycle.moment import Moment, decay, rounded
from lifecycle.program.expressions import Expression
from lifecycle.program.rulebook import Rulebook
from lifecycle.words.person_name import person_name
from lifecycle.words.timeline_text import event_phrase
from models.decision import Entry
from models.directory import Directory
from models.state import LeadState

MAX_REASONS = 3
"""The most reasons that are shown."""
MAX_READINGS = 5
"""How many of the latest things that the lead read or did are shown."""

_SHOWN_EVENT_TYPES = frozenset(
    {
        "email.clicked",
        "email.replied",
        "page.viewed",
        "form.submitted",
        "content.downloaded",
        "event.attended",
        "meeting.booked",
        "product.signed_up",
        "product.activated",
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of the score: `employees 900`, 20 points. A raised hand has no points."""

    text: str
    points: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Something that the lead read or did: when last, and how often."""

    text: str
    at: datetime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A running clock of the handoff."""

    name: str
    due: datetime
    left: int
    """Counted (open) seconds left; 0 once it is breached."""
    zone: ZoneInfo
    """The time zone of its calendar."""
    calendar: str | None
    """The calendar's name; None if all time counts."""
    breached: bool
    held_until: datetime | None
    """The end of its hold; None without a hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One lead at one instant."""

    lead: str
    name: str
    """The person's name; without one, the address."""
    email: str
    title: str
    company: str
    phone: str
    stage: str
    fit: float
    engagement: float
    """Decayed to that instant."""
    reasons: tuple[Reason, ...]
    read: tuple[Reading, ...]
    """The latest first."""
    deadlines: tuple[Deadline, ...]
    """In the order in which they are due."""
    touches: int
    before: str | None
    """Why it was last recycled or lost; None in its first cycle."""


def dossier(book: Rulebook, state: LeadState, timeline: Iterable[Entry], at: datetime) -> Dossier:
    """The dossier of a lead at this instant of the program's clock."""
    m = Moment(book, Directory(), state)
    m.at = max(at, m.at)
    entries = [one for one in timeline if state.cycle_at is None or one.at >= state.cycle_at]
    profile = state.profile
    email = str(profile.get("email", ""))
    return Dossier(
        lead=state.lead,
        name=person_name(profile) or email or state.lead,
        email=email,
        title=str(profile.get("title") or ""),
        company=str(profile.get("company") or ""),
        phone=str(profile.get("phone") or ""),
        stage=state.stage,
        fit=state.fit,
        engagement=m.engagement(m.at),
        reasons=tuple(_reasons(m, entries)),
        read=tuple(_read(entries)),
        deadlines=deadlines(m),
        touches=state.handoff.touches if state.handoff is not None else 0,
        before=state.reason if state.cycle > 1 else None,
    )


def _reasons(m: Moment, entries: list[Entry]) -> list[Reason]:
    raised = _hand_raise(entries)
    scored = [*_fit_reasons(m), *_engagement_reasons(m, entries)]
    strongest = sorted(scored, key=lambda one: -(one.points or 0))
    return [*raised, *strongest][:MAX_REASONS]


def _hand_raise(entries: list[Entry]) -> list[Reason]:
    """The event that raised the hand, if that made the lead an MQL."""
    event: Entry | None = None
    raised: list[Reason] = []
    for one in entries:
        if one.kind == "event":
            event = one
        elif one.kind == "stage" and one.fields.get("why") == "hand_raise" and event is not None:
            words = event_phrase(str(event.fields["type"]), str(event.fields.get("subject", "")))
            raised = [Reason(f"asked for sales: {words}", None)]
    return raised


def _fit_reasons(m: Moment) -> list[Reason]:
    found = []
    for when, points in m.book.fit:
        if points > 0 and m.holds(when):
            found.append(Reason(_what_is(when, m.state), points))
    return found


def _what_is(when: Expression, state: LeadState) -> str:
    """The fields that a fit rule names, with their values."""
    names = []
    for place, token in enumerate(when.tokens[:-2]):
        after = [one.text for one in when.tokens[place + 1 : place + 3]]
        if token.text == "lead" and after[0] == ".":
            names.append(after[1])
    known = [name for name in dict.fromkeys(names) if state.profile.get(name) is not None]
    seen = [f"{name.replace('_', ' ')} {_value(state.profile[name])}" for name in known]
    return ", ".join(seen) or when.source


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(rounded(value)) if isinstance(value, float) else str(value)


def _engagement_reasons(m: Moment, entries: list[Entry]) -> list[Reason]:
    totals: dict[str, float] = {}
    counts: dict[str, int] = {}
    for one in entries:
        points = one.fields.get("points") if one.kind == "event" else None
        if not points:
            continue
        half_life = m.book.half_life
        left = 1.0 if half_life is None else decay(m.at, one.at, half_life)
        words = event_phrase(str(one.fields["type"]), str(one.fields.get("subject", "")))
        totals[words] = totals.get(words, 0.0) + float(points) * left
        counts[words] = counts.get(words, 0) + 1
    return [
        Reason(f"{words}{_times(counts[words])}", points)
        for words, points in totals.items()
        if points > 0
    ]


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _read(entries: list[Entry]) -> list[Reading]:
    last: dict[str, datetime] = {}
    counts: dict[str, int] = {}
    for one in entries:
        if one.kind != "event" or one.fields.get("type") not in _SHOWN_EVENT_TYPES:
            continue
        words = event_phrase(str(one.fields["type"]), str(one.fields.get("subject", "")))
        last.pop(words, None)
        last[words] = one.at
        counts[words] = counts.get(words, 0) + 1
    latest = list(reversed(last.items()))[:MAX_READINGS]
    return [Reading(words, at, counts[words]) for words, at in latest]


def deadlines(m: Moment) -> tuple[Deadline, ...]:
    """The clocks of the open handoff, in the order in which they are due."""
    handoff = m.state.handoff
    if handoff is None or handoff.over:
        return ()
    found = []
    for clock in handoff.clocks:
        open_time = open_time_of(m, clock)
        held = paused_until(handoff, clock.name)
        counted = clocks.counted(clock, open_time, m.at)
        found.append(
            Deadline(
                name=clock.name,
                due=clock.due,
                left=0 if clock.breached else max(0, clock.total - counted),
                zone=open_time.timezone,
                calendar=calendar_of(m, settings_of(m, clock)),
                breached=clock.breached,
                held_until=held if held is not None and held > m.at else None,
            )
        )
    return tuple(sorted(found, key=lambda one: one.due))
