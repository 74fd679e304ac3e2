"""Fit and engagement: points for what a lead is, and for what it does.

Engagement decays continuously: value × 0.5^(elapsed/half-life). Caps count undecayed points. An
event is scored at its own time, even if it arrives late.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from lifecycle.calendars.local_time import later
from lifecycle.moment import Moment, decay
from lifecycle.program.rulebook import PointsRule
from models.durations import Duration
from models.inputs import Event
from models.messages import LATE_AFTER

Window = tuple[tuple[datetime, float], ...]
Kept = TypeVar("Kept")

MAX_KEPT_FOR_LATE = 20
MAX_KEPT_AGE = timedelta(days=60)
"""How much a rolling cap keeps of the time before its window, because events may arrive late."""


def score_fit(m: Moment) -> None:
    """Set the fit score: the sum of the rules that hold for the profile now."""
    m.change(fit=sum(points for when, points in m.book.fit if m.holds(when)))


def score_event(m: Moment, event: Event) -> float:
    """Add the points of every rule that matches. Returns the sum before decay."""
    total = 0.0
    for rule in m.book.points.get(event.type, ()):
        if rule.when is None or m.holds(rule.when):
            total += _capped(m, rule, event.at)
    if total or m.state.engagement:
        half_life = m.book.half_life
        share = 1.0 if half_life is None else decay(m.at, event.at, half_life)
        m.change(engagement=max(0.0, m.engagement() + total * share), engagement_at=m.at)
    return total


def _capped(m: Moment, rule: PointsRule, at: datetime) -> float:
    points, cap = rule.rule.points, rule.rule.at_most
    if cap is None:
        return points
    if cap.per is None:
        counted = m.state.rule_points
        before = counted.get(rule.key, counted.get(rule.former, 0.0))
        added = _within(points, cap.most - before)
        m.change(rule_points={**_without(counted, rule.former), rule.key: before + abs(added)})
        return added
    windows = m.state.rule_window
    window = windows.get(rule.key, windows.get(rule.former, ()))
    if sum(before for _, before in window) + abs(points) <= cap.most:
        added = points  # within the cap even if all points lie in one window
    else:
        added = _within(points, cap.most - most_in_window(window, at, cap.per, m.zone))
    if added:
        window = tuple(sorted((*_still_counting(window, cap.per, m), (at, abs(added)))))
        m.change(rule_window={**_without(windows, rule.former), rule.key: window})
    return added


def _without(kept: Mapping[str, Kept], name: str) -> dict[str, Kept]:
    return {key: value for key, value in kept.items() if key != name}


def name_rules(m: Moment) -> None:
    """Name what caps count by what the rules say, where release 0.1 named it by their places."""
    keys = {rule.former: rule.key for rules in m.book.points.values() for rule in rules}
    m.change(
        rule_points={keys.get(name, name): kept for name, kept in m.state.rule_points.items()},
        rule_window={keys.get(name, name): kept for name, kept in m.state.rule_window.items()},
    )


def rule_window_of_new_cycle(m: Moment) -> dict[str, Window]:
    """The rolling windows that go on in a new cycle: those of rules that the program still has."""
    rules = [rule for rules in m.book.points.values() for rule in rules]
    known = {rule.key for rule in rules} | {rule.former for rule in rules}
    return {name: window for name, window in m.state.rule_window.items() if name in known}


def _within(points: float, room: float) -> float:
    """The points, but at most `room`. The size of negative points is limited in the same way."""
    size = min(abs(points), max(0.0, room))
    return size if points > 0 else -size


def _still_counting(window: Window, per: Duration, m: Moment) -> Window:
    """The points that may share a window with an event that arrives later.

    Nothing is lost for events that are not late. For late events only the latest few are kept, for
    a limited time, because the state must stay small.
    """
    old: list[tuple[datetime, float]] = []
    for one in window:
        if later(one[0], per, m.zone) + LATE_AFTER > m.at:
            break
        old.append(one)
    latest = [one for one in old[-MAX_KEPT_FOR_LATE:] if m.at - one[0] < MAX_KEPT_AGE]
    return (*latest, *window[len(old) :])


def most_in_window(window: Window, at: datetime, per: Duration, zone: ZoneInfo) -> float:
    """The largest sum of points at any instant at which points given at `at` would count too.

    Points given at s count until s + per, that instant excluded. Events arrive out of order, so
    points that were given after `at` count too.
    """
    end = later(at, per, zone)
    spans = [(since, later(since, per, zone), points) for since, points in window]
    instants = [at, *(since for since, _, _ in spans if at < since < end)]
    return max(
        sum(points for since, until, points in spans if since <= one < until) for one in instants
    )
