"""Re-engagement by schedule (docs/language.md section 13): who is taken, and what it does.

The schedule and what it selects are the newest version's. The track that the lead enters is that
of the lead's own version. A lead that a run chose asks again itself whether it may be taken,
because much can happen between the choice and the lead's turn.
"""

from __future__ import annotations

from datetime import datetime

from lifecycle.calendars.local_time import later
from lifecycle.moment import Moment
from lifecycle.nurture import tracks
from lifecycle.nurture.did_history import found_did
from lifecycle.nurture.pause import paused_until
from lifecycle.nurture.sending import in_holdout, stop_reason
from lifecycle.program.expressions import Expression
from lifecycle.program.rulebook import CompiledReengagement, CompiledTrack, rulebook
from lifecycle.program.step_ids import email_choices
from models.inputs import Reengage
from models.program.schedules import REENGAGE
from models.program.tracks import EmailStep, VariantsStep
from models.state import LatestRun, LeadState

NO_SCHEDULE = "no_schedule"
"""Why no lead is taken: the version that ran has no schedule, or no track to enter."""


def idle_since(state: LeadState) -> datetime | None:
    """The last of the last human event, creation, recycle and re-engagement; None if not created.

    Idle rules of the lifecycle count by themselves: re-engagement does not restart them.
    """
    known = (state.last_human, state.created, state.cycle_at, state.reengaged)
    return max((at for at in known if at is not None), default=None)


def why_not(m: Moment, asked: CompiledReengagement) -> str | None:
    """Why this lead is not taken now: the first reason that applies; None if it may be taken.

    `stage`, `cool_off`, `paused`, a reason against marketing mail, `holdout`, `handoff`, `idle`,
    `score`, `track` (not in the track of `select`), `in_track` (in the track to be entered, or was
    at this instant) or `no_track` (its own version has no track of that name).
    """
    if m.state.stage not in asked.stages:
        return "stage"
    return _kept_back(m) or _not_selected(m, asked) or _no_way_in(m, asked)


def _kept_back(m: Moment) -> str | None:
    """Why no schedule takes this lead now."""
    if m.state.cool_off_until is not None:
        return "cool_off"
    if m.state.paused_since is not None or m.versions.paused() or paused_until(m) is not None:
        return "paused"
    stopped = stop_reason(m, operational=False)
    if stopped is not None:
        return stopped
    if in_holdout(m):
        return "holdout"
    return "handoff" if m.handoff_open else None


def _not_selected(m: Moment, asked: CompiledReengagement) -> str | None:
    """Why `select` leaves this lead out, its stage aside."""
    since = idle_since(m.state)
    if asked.idle_for is not None and since is not None:
        due = later(since, asked.idle_for, m.zone)
        if due > m.at:
            return "idle"
    if asked.score is not None and not _score_holds(m, asked.score):
        return "score"
    return "track" if asked.within not in (None, _running(m)) else None


def _no_way_in(m: Moment, asked: CompiledReengagement) -> str | None:
    """Why this lead can't enter the schedule's track; a track is entered once an instant."""
    if asked.track == _running(m) or m.state.entered.get(asked.track) == m.at:
        return "in_track"
    return None if asked.track in m.book.tracks else "no_track"


def _running(m: Moment) -> str | None:
    return m.state.track.name if m.state.track is not None else None


def _score_holds(m: Moment, score: Expression) -> bool:
    """Whether `select.score` holds. `did()` looks at this cycle.

    What the lead's own version does not ask for is not in its state, and is looked up.
    """
    unknown = score.did_signatures - m.book.did_signatures
    if not unknown:
        return m.holds(score)
    found, _ = found_did(m.versions.timeline(), unknown, m.state)
    state = m.state.changed(did=m.state.did | found)
    return Moment(m.book, m.people, state, versions=m.versions).holds(score)


def reengage(m: Moment, given: Reengage) -> None:
    """Leave the running track and enter the schedule's, unless a reason stands against it.

    The track's `for` and `exit` are not asked, and its own e-mails count as not sent. The same run
    twice does it once.
    """
    latest = m.state.reengage_run
    if m.state.closed or (latest is not None and latest.run == given.run):
        return
    asked = rulebook(m.versions.load(given.version)).reengagement
    why = NO_SCHEDULE if asked is None else why_not(m, asked)
    m.change(reengage_run=LatestRun(run=given.run, why=why))
    if asked is None or why is not None:
        return
    track = m.book.tracks[asked.track]
    m.change(reengaged=m.at)
    m.record("reengaged", schedule=REENGAGE, track=track.name)
    tracks.leave(m, "reengaged")
    m.change(sent=m.state.sent - _emails(track))
    tracks.enter(m, track)


def _emails(track: CompiledTrack) -> frozenset[str]:
    """The names of all e-mails that the track's steps may send."""
    steps = (node.step for node in track.nodes.values())
    return frozenset(
        email
        for step in steps
        if isinstance(step, EmailStep | VariantsStep)
        for _, email, _ in email_choices(step)
    )
