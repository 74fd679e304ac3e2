"""What becomes due: ends of holds, clocks, retries, ends of cool-offs, idle rules, track steps.

Items that are due at the same instant are done in that order (docs/language.md section 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from lifecycle.calendars.local_time import later
from lifecycle.handoff import clocks
from lifecycle.handoff.clock_settings import open_time_of
from lifecycle.handoff.handoff import ask_owner
from lifecycle.handoff.holds import end_hold, end_meeting
from lifecycle.moment import Moment
from lifecycle.moves import breaches
from lifecycle.moves.qualification import check_scores
from lifecycle.moves.transitions import disqualify, recycle, recycle_lost
from lifecycle.nurture import pause, steps, tracks
from lifecycle.stages import allowed
from models.program.lifecycle import IdleRule

_CLOCK_ORDER = {clocks.ACCEPT: 1, clocks.FIRST_TOUCH: 2, clocks.QUALIFY: 3}


class _Do(Protocol):
    def __call__(self, m: Moment) -> None: ...


@dataclass(frozen=True, slots=True)
class DueItem:
    """Something that is due at `at`, unless an input changes that."""

    at: datetime
    order: tuple[int, int]
    what: str
    do: _Do


def next_due(m: Moment) -> DueItem | None:
    """The item that is due first; None if nothing is due."""
    if m.state.closed or m.state.created is None:
        return None
    first = min(_items(m), key=_place, default=None)
    first = min(_idle_items(m, first), key=_place, default=first)
    changed = m.state.version_at
    if first is None or changed is None or first.at >= changed:
        return first
    # What a change of version makes overdue is due at the change.
    overdue = (replace(one, at=max(one.at, changed)) for one in (*_items(m), *_idle_items(m, None)))
    return min(overdue, key=_place)


def _place(item: DueItem) -> tuple[datetime, tuple[int, int]]:
    return item.at, item.order


def _items(m: Moment) -> Iterator[DueItem]:
    if m.state.handoff is not None:
        yield from _handoff_items(m)
    if m.state.cool_off_until is not None:
        yield DueItem(m.state.cool_off_until, (5, 0), "cool-off ends", _end_cool_off)
    for why, until in m.state.pauses.items():
        yield DueItem(until, (7, 0), f"pause ends: {why}", partial(_end_pause, why=why))
    track = m.state.track
    if track is not None and track.until is not None and m.state.paused_since is None:
        at = track.until
        if m.state.pauses and not steps.awaits_mail(m):
            at = max(at, *m.state.pauses.values())
        yield DueItem(at, (7, 1), f"{track.name}: {track.step}", tracks.do_due_step)


def _handoff_items(m: Moment) -> Iterator[DueItem]:
    handoff = m.state.handoff
    if handoff is None or handoff.over:
        return
    owner = (m.state.owner or "nobody").partition("@")[0]
    if handoff.held_until is not None:
        yield DueItem(handoff.held_until, (0, 0), "hold ends", partial(end_hold, why="until"))
    if handoff.meeting_until is not None:
        yield DueItem(handoff.meeting_until, (0, 1), "meeting starts", end_meeting)
    for clock in handoff.clocks:
        if clock.breached:
            continue
        order = _CLOCK_ORDER[clock.name]
        reminder = clocks.reminder_due(clock, open_time_of(m, clock))
        if reminder is not None:
            what = f"{clock.name} reminder, {owner}"
            yield DueItem(reminder, (order, 0), what, partial(breaches.remind, clock=clock))
        what = f"{clock.name} due, {owner}"
        yield DueItem(clock.due, (order, 1), what, partial(breaches.breach, clock=clock))
    if handoff.retry_at is not None:
        yield DueItem(handoff.retry_at, (4, 0), "look for an owner again", ask_owner)


def _idle_items(m: Moment, first: DueItem | None) -> Iterator[DueItem]:
    """The idle rules that can be due before `first`, and `first` itself."""
    if first is not None:
        yield first
    state = m.state
    base = max(at for at in (state.last_human, state.created, state.cycle_at) if at is not None)
    for place, rule, at_least in m.book.idle:
        if state.stage not in rule.in_:
            continue
        # Most are due in months, so most are left out here, without calendar arithmetic.
        if first is not None and first.at < base + at_least:
            continue
        if rule.do == "recycle" and state.stage == "customer":
            continue  # only a person says that a customer has left (`churn`)
        if allowed(state.stage, "recycled" if rule.do == "recycle" else "disqualified"):
            due = later(base, rule.after, m.zone)
            if state.cool_off_until is not None:
                due = max(due, state.cool_off_until)
            what = f"idle: {rule.do} ({rule.reason})"
            yield DueItem(due, (6, place), what, partial(_idle, rule=rule))


def _end_cool_off(m: Moment) -> None:
    if m.state.stage == "lost":
        recycle_lost(m)
        return
    m.change(cool_off_until=None)
    check_scores(m)
    tracks.enter_next(m)


def _end_pause(m: Moment, why: str) -> None:
    pause.end(m, why)
    tracks.check_wait(m)


def _idle(m: Moment, rule: IdleRule) -> None:
    if rule.do == "recycle":
        recycle(m, rule.reason)
    else:
        disqualify(m, rule.reason)
