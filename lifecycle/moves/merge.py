"""Merge: one person was two leads (docs/language.md section 14).

Both leads are given the merge at one instant. The merged lead comes first: it ends, and keeps
what the surviving lead takes over. What reaches the merged lead later is sent on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from lifecycle.handoff import meetings
from lifecycle.handoff.handoff import take_over
from lifecycle.moment import Moment, handoff_open
from lifecycle.moves.act_ids import remember_refused_merge
from lifecycle.moves.events import choose_motion
from lifecycle.moves.qualification import check_disqualify, check_scores
from lifecycle.moves.survivorship import active_since_recycle, fill_profile, join, take_tasks
from lifecycle.moves.version_change import change_closed, change_to_version_of
from lifecycle.nurture import suppression, tracks
from lifecycle.program.profile import zone_problem
from lifecycle.scoring import score_fit
from lifecycle.stable_hash import short_hash
from lifecycle.stages import FURTHER, TRACKLESS
from models.decision import Answer, Forward
from models.directory import Directory
from models.inputs import Act, Event, MergedFrom, MergedInto, MergeRefusal
from models.state import LeadState, MergedState, dump_state

Verdict = Literal["do", "done"] | MergeRefusal


def judge(keep: str, other: str, now: str | None) -> Verdict:
    """Whether the lead `other` may be merged into `keep`, or was so before.

    `now` is the lead that it is by now: itself, or the one it was merged into in the end; None if
    there is no such lead.
    """
    if now is None:
        return "unknown"
    if other == keep:
        return "itself"
    if now == other:
        return "do"
    return "done" if now == keep else "merged"


def merge_into(m: Moment, given: MergedInto) -> None:
    """End this lead, which is merged into another. A lead is merged once."""
    if m.state.merged is not None or given.keep == m.state.lead:
        return
    change_to_version_of(m, given.to)
    tracks.leave(m, "merged")
    left = dump_state(m.state.changed(engagement=m.engagement(), engagement_at=m.at))
    m.change(
        merged=MergedState(into=given.keep, left=left),
        owner=None,
        previous_owner=m.state.owner or m.state.previous_owner,
        handoff=None,
        deal=None,
        cool_off_until=None,
        pauses={},
        paused_since=None,
        finish=None,
        tasks=(),
    )
    m.record("merged", into=given.keep)
    if not m.state.closed:
        m.change(closed=True)
        m.record("closed", stage=m.state.stage)


def forward(m: Moment, given: Event | Act) -> None:
    """Send on what reached a lead that was merged. Whoever waits for an answer is told where."""
    merged = m.state.merged
    if merged is None:
        return
    if isinstance(given, Act) and given.ref:
        sentence = f"Lead {m.state.lead} was merged into {merged.into}; act on that one."
        m.answers.append(Answer(ref=given.ref, refused=sentence))
        return
    if isinstance(given, Event):
        given = of_merged(given)
    key = f"{m.state.lead}/forward/{m.state.turn}/{len(m.commands)}"
    m.command(Forward(key=key, at=m.at, to=merged.into, given=given))


def of_merged(event: Event) -> Event:
    """An event that reached a merged lead. A bounce says that it is about another address."""
    if event.type not in suppression.ABOUT_AN_ADDRESS:
        return event
    return replace(event, data={**event.data, "about": suppression.ANOTHER_ADDRESS})


def merge_from(m: Moment, given: MergedFrom) -> None:
    """Take over what counts of a lead that is merged into this one; or record the refusal."""
    token = short_hash(given.id) if given.id is not None else None
    known = token in m.state.acts if given.why is not None else given.other in m.state.joined
    if m.state.merged is not None or known:
        return
    m.via = given.via
    try:
        if m.state.closed:
            change_closed(m)
        if given.left is None:
            why = given.why or "unknown"
            note = refusal(why, m.state.lead, given.other, given.into)
            m.record("refused", act="merge", by=given.by, why=why, note=note)
        else:
            _survive(m, given.left, given.by)
    finally:
        m.via = None
    if given.why is not None and given.id is not None:
        remember_refused_merge(m, given.id)


def _survive(m: Moment, other: LeadState, by: str | None) -> None:
    before = m.state
    filled = fill_profile(m, other)
    join(m, other)
    note = zone_problem(m.state.profile, m.book.program) if "timezone" in filled else None
    m.record("merged", **{"from": other.lead, "filled": filled, "by": by, "note": note})
    suppression.join(m, other.suppressed)
    taken = FURTHER.index(other.stage) > FURTHER.index(before.stage)
    if taken:
        _take_stage(m, before, other)
        _alert_loser(m, before)
    else:
        _alert_loser(m, other)
    take_tasks(m, other)
    if m.state.meetings != (other if taken else before).meetings:
        meetings.hold(m)
    _follow(m, changed=bool(filled), taken=taken)


def _take_stage(m: Moment, before: LeadState, other: LeadState) -> None:
    """Take over the further stage, with owner, cool-off, deal and handoff."""
    m.reopen()
    m.record("stage", **{"from": before.stage, "to": other.stage, "why": "merged"})
    m.change(
        stage=other.stage,
        since=m.at,
        owner=other.owner,
        previous_owner=other.previous_owner or before.owner or before.previous_owner,
        cool_off_until=other.cool_off_until,
        deal=other.deal,
        reason=other.reason,
        human_since_recycle=other.human_since_recycle or active_since_recycle(other, before),
    )
    take_over(m, other)
    if m.state.stage in TRACKLESS or m.state.cool_off_until is not None:
        tracks.leave(m, "stage")


def _alert_loser(m: Moment, of: LeadState) -> None:
    """Alert who had an open handoff or deal of one of the leads, unless the lead stays theirs."""
    if not handoff_open(of) and of.stage != "opportunity":
        return
    loser = _responsible(of, m.people)
    if loser is not None and loser == _responsible(m.state, m.people):
        return
    m.alert_responsible(
        loser,
        "merged",
        "The lead was merged with another lead of the same person, which is further."
        " There is nothing left to do.",
    )


def _responsible(state: LeadState, people: Directory) -> str | None:
    if state.owner is not None or state.handoff is None:
        return state.owner
    return people.manager_of(state.handoff.team)


def _follow(m: Moment, *, changed: bool, taken: bool) -> None:
    """What follows as at a profile change: doors, fit, the rules that move a lead, the track."""
    motion = m.state.motion
    if not m.state.was_mql:
        choose_motion(m)
    score_fit(m)
    moved = m.state.motion != motion
    if moved:
        m.record("profile", changed=["motion"])
    if not check_disqualify(m):
        check_scores(m)
    if moved:
        tracks.check_motion(m)
    tracks.follow_merge(m, changed=changed, again=taken)


def refusal(why: MergeRefusal, keep: str, other: str, into: str | None) -> str:
    """Why `other` is not merged into `keep`, as a sentence that says what would be right."""
    if why == "itself":
        return f"Both are lead {keep} already. Name two leads."
    if why == "merged":
        return f"Lead {other} was merged into lead {into} already. Merge {into}."
    return f"There is no lead {other}. `leadflow leads` lists those that there are."
