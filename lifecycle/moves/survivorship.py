"""Survivorship: which values of two merged leads count from then on (docs/language.md section 14).

Both leads are on one version, and nothing is asked of the rules here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from lifecycle.handoff import meetings
from lifecycle.moment import Moment, decay
from lifecycle.moves import act_ids
from lifecycle.nurture.sending import operational
from lifecycle.nurture.steps import record_task
from models.state import LeadState

_OF_AN_ADDRESS = frozenset({"email", "consent"})
"""Fields of the profile that belong to an address, so they are never filled."""


def fill_profile(m: Moment, other: LeadState) -> list[str]:
    """Fill the values that the profile lacks; the names of their fields, sorted."""
    mine = m.state.profile
    lacking = {
        name: value
        for name, value in other.profile.items()
        if name not in mine and name not in _OF_AN_ADDRESS
    }
    if lacking:
        m.change(profile={**mine, **lacking})
    return sorted(lacking)


def join(m: Moment, other: LeadState) -> None:
    """Join what both have done, got and scored, and take the open tasks."""
    mine = m.state
    m.change(
        joined=(*mine.joined, *other.joined, other.lead),
        reached=mine.reached | other.reached | {mine.stage, other.stage},
        was_mql=mine.was_mql or other.was_mql,
        engagement=max(0.0, m.engagement() + _decayed(m, other)),
        engagement_at=m.at,
        rule_points=_summed(mine.rule_points, other.rule_points),
        rule_window=_windows(mine, other),
        did=mine.did | other.did,
        last_human=_latest(mine.last_human, other.last_human),
        human_since_recycle=mine.human_since_recycle or active_since_recycle(mine, other),
        recycles=max(mine.recycles, other.recycles),
        handoff_at=_latest(mine.handoff_at, other.handoff_at),
        reengaged=_latest(mine.reengaged, other.reengaged),
        previous_owner=mine.previous_owner or other.previous_owner or other.owner,
        sent=mine.sent | other.sent | {mail.email for mail in other.mails},
        sends=tuple(sorted((*mine.sends, *_sends(m, other)))),
    )
    act_ids.join(m, other)
    meetings.join(m, other.meetings)


def take_tasks(m: Moment, other: LeadState) -> None:
    """Take over the open tasks, each under a new id of this lead."""
    for number, task in enumerate(other.tasks, start=m.state.task_count + 1):
        taken = replace(task, id=f"task-{number}")
        m.change(tasks=(*m.state.tasks, taken), task_count=number)
        record_task(m, taken)


def _decayed(m: Moment, other: LeadState) -> float:
    half_life = m.book.half_life
    if half_life is None or other.engagement_at is None:
        return other.engagement
    return other.engagement * decay(m.at, other.engagement_at, half_life)


def _summed(mine: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
    return {name: mine.get(name, 0.0) + theirs.get(name, 0.0) for name in _names(mine, theirs)}


def _windows(mine: LeadState, other: LeadState) -> dict[str, Any]:
    one, two = mine.rule_window, other.rule_window
    return {
        name: tuple(sorted((*one.get(name, ()), *two.get(name, ())))) for name in _names(one, two)
    }


def _names(one: Iterable[str], two: Iterable[str]) -> dict[str, None]:
    """The names of both, in order."""
    return dict.fromkeys(chain(one, two))


def _latest(one: Any, two: Any) -> Any:
    return max((at for at in (one, two) if at is not None), default=None)


def active_since_recycle(mine: LeadState, other: LeadState) -> bool:
    """Whether a human event of the other lead came since this one was recycled."""
    if not other.human_since_recycle or other.last_human is None:
        return False
    return mine.cycle_at is None or other.last_human >= mine.cycle_at


def _sends(m: Moment, other: LeadState) -> Iterable[Any]:
    """The sends that caps count. A mail that is on its way counts as sent."""
    on_the_way = (mail.at for mail in other.mails if not operational(m, mail))
    return (*other.sends, *on_the_way)
