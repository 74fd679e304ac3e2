"""A change of stage and what follows from it: for the track, the handoff, the end of a lead."""

from __future__ import annotations

from datetime import datetime

from lifecycle.calendars.local_time import later
from lifecycle.handoff.handoff import end_handoff, open_handoff
from lifecycle.moment import Moment
from lifecycle.nurture import tracks
from lifecycle.scoring import rule_window_of_new_cycle
from lifecycle.stages import TRACKLESS, allowed
from models.durations import Duration
from models.program.values import Stage

RECYCLED_OUT = "recycled_out"
"""The built-in reason of a lead that sales has recycled too often."""


def enter_stage(m: Moment, to: Stage, why: str, by: str | None = None) -> bool:
    """Move to a stage if the table allows it. Returns whether the lead moved."""
    source = m.state.stage
    if not allowed(source, to):
        return False
    m.reopen()
    m.record("stage", **{"from": source, "to": to, "why": why, "by": by})
    m.change(stage=to, since=m.at, cool_off_until=None, reached=m.state.reached | {source, to})
    if to in TRACKLESS or to == "recycled":
        tracks.leave(m, "stage")
    else:
        if not tracks.check_exit(m):
            tracks.enter_next(m)
        tracks.check_wait(m)
    return True


def become_mql(m: Moment, why: str) -> bool:
    """Make the lead an MQL and open its handoff."""
    if not enter_stage(m, "mql", why):
        return False
    m.change(was_mql=True)
    open_handoff(m)
    return True


def recycle(
    m: Moment, reason: str, *, by: str | None = None, until: datetime | None = None
) -> None:
    """Give the lead back to marketing: a new cycle, after the reason's cool-off.

    `until` replaces the end of the cool-off. If people have recycled the lead more often than the
    program allows, it is disqualified instead.
    """
    if by is not None:
        most = m.book.program.recycle.at_most
        if most is not None and m.state.recycles >= most:
            disqualify(m, RECYCLED_OUT, by=by)
            return
        m.change(recycles=m.state.recycles + 1)
    known = m.book.program.recycle.reasons.get(reason)
    cool_off = known.cool_off if known is not None else Duration(0, "d")
    _start_cycle(m, reason, by, until or later(m.at, cool_off, m.zone))


def churn(m: Moment, reason: str, *, by: str, until: datetime | None = None) -> None:
    """Give a customer who has left back to marketing: a new cycle, after the reason's cool-off.

    `until` replaces the end of the cool-off. It is no failed attempt of sales, so `at_most` of
    recycle neither counts nor stops it.
    """
    cool_off = m.book.program.recycle.reasons[reason].cool_off
    _start_cycle(m, reason, by, until or later(m.at, cool_off, m.zone))


def recycle_lost(m: Moment) -> None:
    """Recycle a lost lead whose cool-off is over: with its reason, without a second cool-off."""
    _start_cycle(m, m.state.reason or "lost", None, m.at)


def _start_cycle(m: Moment, reason: str, by: str | None, cool_off_until: datetime) -> None:
    if not allowed(m.state.stage, "recycled"):
        return
    cools_off = cool_off_until > m.at
    m.record(
        "recycled",
        reason=reason,
        by=by,
        until=cool_off_until if cools_off else None,
        cycle=m.state.cycle + 1,
    )
    enter_stage(m, "recycled", reason, by)
    state = m.state
    m.change(
        cycle=state.cycle + 1,
        cycle_at=m.at,
        reason=reason,
        owner=None,
        previous_owner=state.owner or state.previous_owner,
        handoff=None,
        deal=None,
        engagement=m.engagement() * float(m.book.program.recycle.keep_engagement.value),
        engagement_at=m.at,
        rule_points={},
        rule_window=rule_window_of_new_cycle(m),
        did=frozenset(),
        sent=frozenset(),
        left=frozenset(),
        times_entered={},
        human_since_recycle=False,
        cool_off_until=cool_off_until if cools_off else None,
    )
    tracks.enter_next(m)


def disqualify(m: Moment, reason: str, *, by: str | None = None) -> bool:
    """Disqualify the lead if the table allows it. Returns whether the lead moved."""
    if not allowed(m.state.stage, "disqualified"):
        return False
    m.record("disqualified", reason=reason, by=by)
    enter_stage(m, "disqualified", reason, by)
    m.change(reason=reason)
    end_handoff(m)
    return True


def close_if_done(m: Moment) -> None:
    """Close a lead that is disqualified, and a customer that is in no track."""
    state = m.state
    if state.closed or state.created is None:
        return
    if state.stage == "disqualified" or (state.stage == "customer" and state.track is None):
        m.change(closed=True, paused_since=None)
        m.record("closed", stage=state.stage)
