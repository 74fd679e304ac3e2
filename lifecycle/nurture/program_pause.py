"""The program's pause: no step of a track is done until the program goes on.

It is apart from a lead's own pause (lifecycle/nurture/pause.py): both must be over. A track may be
left and entered meanwhile; its first step is not begun. Everything else goes on.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime

from lifecycle.calendars.local_time import prolonged
from lifecycle.moment import Moment
from lifecycle.nurture import tracks
from lifecycle.nurture.pause import paused_until
from lifecycle.nurture.place import check_deferred
from lifecycle.nurture.steps import current_step, date_due, set_due
from lifecycle.program.rulebook import StepNode
from models.program.tracks import EmailStep, VariantsStep, WaitForStep, WaitStep, WaitUntilStep
from models.state import TrackState


def resume(m: Moment) -> None:
    """Let the track go on where it stood still. Its waits are longer by that time."""
    since = m.state.paused_since
    if since is None:
        return
    m.change(paused_since=None)
    m.record("unpaused", why="program")
    track, node = m.state.track, current_step(m)
    if track is not None and node is not None:
        _go_on(m, track, node, since)


def _go_on(m: Moment, track: TrackState, node: StepNode, since: datetime) -> None:
    if track.until is None:
        tracks.perform(m, node.id)
    elif isinstance(node.step, WaitStep | WaitUntilStep):
        still = round((m.at - since).total_seconds())
        until, stood = prolonged(track.until, still), track.stood + still
        m.change(track=dataclasses.replace(track, until=until, stood=stood))
        tracks.check_wait(m)
    elif isinstance(node.step, WaitForStep):
        due = date_due(m, node.step)
        if due is None or due < m.at:
            tracks.miss_date(m, node)
        else:
            set_due(m, until=due)
    elif isinstance(node.step, EmailStep | VariantsStep) and not _waits_for_lead(m, track):
        check_deferred(m, node, track)


def _waits_for_lead(m: Moment, track: TrackState) -> bool:
    """Whether the mail is deferred by the lead's own pause, which goes on."""
    return track.paused and paused_until(m) is not None
