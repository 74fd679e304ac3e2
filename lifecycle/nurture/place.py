"""A lead's place in its track when its version changes (docs/language.md section 11).

The place is found first, and what is to be done there follows later, because rules may be asked
in between. While the program is paused nothing follows: it is done when the program goes on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lifecycle.calendars.local_time import later, prolonged
from lifecycle.moment import Moment
from lifecycle.nurture import tracks
from lifecycle.nurture.pause import paused_until
from lifecycle.nurture.sending import choose
from lifecycle.nurture.steps import current_step, date_due, send, set_due
from lifecycle.program.rulebook import CompiledTrack, Rulebook, StepNode
from models.durations import Duration
from models.program.tracks import (
    AnyStep,
    EmailStep,
    VariantsStep,
    WaitForStep,
    WaitStep,
    WaitUntilStep,
    step_kind,
)
from models.state import TrackState

Then = Literal["begin", "condition", "mail", "date"]
"""Begin the step; ask its condition; check its deferred mail; go `else`, as its date is past."""


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """Where the lead stands under the new version, and what follows there."""

    track: str
    entered: datetime
    step: str
    then: Then


def find(m: Moment, old: Rulebook) -> FoundPlace | None:
    """Find the place of the running track; leave it if it has none. Nothing is done there yet."""
    track = m.state.track
    if track is None:
        return None
    before, after = old.tracks.get(track.name), m.book.tracks.get(track.name)
    node = before.step(track.step) if before is not None else None
    step = _surviving(node, before, after)
    if node is None or after is None or step is None:
        tracks.leave(m, "gone")
        return None
    if step != node.id:
        m.change(track=tracks.at_step(track, step))
        return _place(m, "begin")
    m.change(track=dataclasses.replace(track, step=step))
    if track.sending:
        return None
    if track.until is None:
        return _place(m, "begin")
    then = _stay(m, old, node, after.nodes[step])
    return None if then is None else _place(m, then)


def gone_step(old: Rulebook, new: Rulebook, track: TrackState) -> tuple[str, str | None] | None:
    """The step at which a lead stands, if the new version lacks it, and where the lead goes on.

    Where it goes on is None if it leaves the track. Returns None if the step is in both versions.
    """
    before, after = old.tracks.get(track.name), new.tracks.get(track.name)
    node = before.step(track.step) if before is not None else None
    if node is None:
        return None
    step = _surviving(node, before, after)
    return None if step == node.id else (node.id, step)


def restart(m: Moment) -> FoundPlace | None:
    """Leave the running track, and enter it anew if it may run. Its first step has not begun."""
    track = m.state.track
    if track is None:
        return None
    tracks.leave(m, "restarted")
    compiled = m.book.tracks.get(track.name)
    if compiled is None or not tracks.may_run(m) or not m.holds(compiled.for_):
        return None
    tracks.enter_only(m, compiled)
    return _place(m, "begin")


def go_on(m: Moment, place: FoundPlace | None) -> None:
    """Do what follows at the place, unless the lead has left it or its program is paused."""
    track, node = m.state.track, current_step(m)
    if place is None or track is None or node is None or m.state.paused_since is not None:
        return
    if (track.name, track.entered, track.step) != (place.track, place.entered, place.step):
        return
    if place.then == "begin":
        if track.until is None:
            tracks.perform(m, node.id)
    elif place.then == "condition":
        tracks.check_wait(m)
    elif place.then == "date":
        tracks.miss_date(m, node)
    else:
        check_deferred(m, node, track)


def check_deferred(m: Moment, node: StepNode, track: TrackState) -> None:
    """Check a deferred mail afresh. The same instant again is no entry."""
    if paused_until(m) is not None:
        tracks.perform(m, node.id)
    elif send(m, node, deferred=track.until):
        tracks.perform(m, node.next)


def _place(m: Moment, then: Then) -> FoundPlace | None:
    track = m.state.track
    return None if track is None else FoundPlace(track.name, track.entered, track.step, then)


def _surviving(
    node: StepNode | None, before: CompiledTrack | None, after: CompiledTrack | None
) -> str | None:
    """The id of the step, else of the next that would have followed, that both versions have."""
    while node is not None and before is not None and after is not None:
        found = after.nodes.get(node.id)
        if found is not None and _kind(found.step) == _kind(node.step):
            return node.id
        node = before.nodes[node.next] if node.next is not None else None
    return None


def _kind(step: AnyStep) -> str | None:
    return "email" if isinstance(step, VariantsStep) else step_kind(step)


def _stay(m: Moment, old: Rulebook, before: StepNode, after: StepNode) -> Then | None:
    """Recompute what the versions say differently of a step that waits; what follows there."""
    was, now, track = before.step, after.step, m.state.track
    if track is None:
        return None
    if isinstance(was, WaitStep) and isinstance(now, WaitStep):
        _follow_length(m, track, was.wait, now.wait)
    elif isinstance(was, WaitUntilStep) and isinstance(now, WaitUntilStep):
        _follow_length(m, track, was.up_to, now.up_to)
        return "condition" if was.wait_until != now.wait_until else None
    elif isinstance(was, WaitForStep) and isinstance(now, WaitForStep):
        return _follow_date(m, was, now)
    elif isinstance(was, EmailStep | VariantsStep) and isinstance(now, EmailStep | VariantsStep):
        same = _checks(m, old, before.id, was) == _checks(m, m.book, before.id, now)
        return None if same or track.paused else "mail"
    return None


def _follow_length(m: Moment, track: TrackState, was: Duration, now: Duration) -> None:
    """A wait or limit of another length: from when it began, with what it stood still."""
    if was == now or track.until is None:
        return
    began = track.reached or later(track.until, Duration(-was.amount, was.unit), m.zone)
    end = prolonged(later(began, now, m.zone), track.stood)
    until = max(end, m.state.paused_since or m.at)
    m.change(track=dataclasses.replace(track, until=until, reached=began))


def _follow_date(m: Moment, was: WaitForStep, now: WaitForStep) -> Then | None:
    """A date that both versions say the same of stays, unless the lead has lost it."""
    due = date_due(m, now)
    same = (was.wait_for, was.days, was.at) == (now.wait_for, now.days, now.at)
    if due is None or (due < m.at and not same):
        return "date"
    if not same:
        set_due(m, until=due)
    return None


def _checks(m: Moment, book: Rulebook, step: str, of: EmailStep | VariantsStep) -> object:
    """What a deferred mail waits for: its window and the caps."""
    track = m.state.track
    _, email = choose(m, track.name if track is not None else "", step, of)
    written, sending = book.program.emails[email], book.program.sending
    window = written.send_window or sending.send_window
    return written.operational, window, sending.caps
