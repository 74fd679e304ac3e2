"""Tracks: entering and leaving a nurture sequence, and doing its steps.

A step that is reached is done at once, except waits and e-mails that are deferred or being sent.
While the lead pauses its mail, no step is done: a wait may begin, but it ends when the pause does.
A track is left by its exit, by a stage in which no track runs, by a change of motion, by an event
that begins another (`start_on`), by `move_to` or at its end. Then the next track is looked for.

The file is long because entering, doing steps and leaving call each other.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import assert_never

from lifecycle.calendars.local_time import later
from lifecycle.moment import Moment
from lifecycle.nurture import suppression
from lifecycle.nurture.consent import confirmation_awaited
from lifecycle.nurture.pause import paused_until
from lifecycle.nurture.sending import count
from lifecycle.nurture.steps import current_step, date_due, open_task, send, set_due, stand
from lifecycle.program.rulebook import CompiledTrack, StepNode
from lifecycle.stages import TRACKLESS
from models.decision import SendMail
from models.inputs import Event, Result
from models.program.tracks import (
    EmailStep,
    FinishStep,
    IfStep,
    MoveToStep,
    NotifyStep,
    TaskStep,
    VariantsStep,
    WaitForStep,
    WaitStep,
    WaitUntilStep,
)
from models.state import TrackState


def enter_next(m: Moment, *, ended: str | None = None, again: bool = True) -> None:
    """Enter the first track whose `for` holds, if no track runs and one may run.

    `ended` is the track that has just ended. It is not entered again at once. Without `again`,
    a track with `again: true` is treated like any other.
    """
    if m.state.track is not None or not _may_run(m):
        return
    for name, track in m.book.tracks.items():
        if name == ended or track.start_on is not None or _barred(m, track, again=again):
            continue
        if m.holds(track.for_):
            _enter(m, track)
            return


def _may_run(m: Moment) -> bool:
    state = m.state
    return (
        state.stage not in TRACKLESS
        and state.cool_off_until is None
        and not confirmation_awaited(m)
    )


def _barred(m: Moment, track: CompiledTrack, *, again: bool = True) -> bool:
    if m.state.entered.get(track.name) == m.at:
        return True
    return track.name in m.state.left and not (track.again and again)


def _enter(m: Moment, track: CompiledTrack) -> None:
    m.reopen()
    m.record("track_entered", track=track.name)
    m.change(
        track=TrackState(name=track.name, entered=m.at, step=track.first),
        entered={**m.state.entered, track.name: m.at},
        times_entered={
            **m.state.times_entered,
            track.name: m.state.times_entered.get(track.name, 0) + 1,
        },
    )
    _perform(m, track.first)


def leave(m: Moment, why: str) -> None:
    """Leave the running track. A mail that it asked for in this turn is withdrawn."""
    track = m.state.track
    if track is None:
        return
    m.record("track_left", track=track.name, why=why)
    withdrawn = {
        command.key
        for command in m.commands
        if isinstance(command, SendMail)
        and any(mail.key == command.key and mail.track == track.name for mail in m.state.mails)
    }
    m.commands = [command for command in m.commands if command.key not in withdrawn]
    if why != "stage":
        m.ended.add(track.name)
        m.change(left=m.state.left | {track.name})
    m.change(
        track=None,
        mails=tuple(mail for mail in m.state.mails if mail.key not in withdrawn),
    )


def _end(m: Moment, why: str) -> None:
    track = m.state.track
    if track is not None:
        leave(m, why)
        enter_next(m, ended=track.name)


def remember_event(m: Moment, event: Event, signatures: frozenset[str]) -> None:
    """Remember for `did()` that the event happened since the track was entered."""
    track = m.state.track
    if track is not None and event.at >= track.entered and not signatures <= track.did:
        m.change(track=dataclasses.replace(track, did=track.did | signatures))


def follow_act(m: Moment) -> None:
    """After an act: exit, waits, and the next track."""
    check_exit(m)
    check_wait(m)
    enter_next(m, again=False)


def follow_event(m: Moment, event: Event, *, late: bool, changed: bool) -> None:
    """After an event: exit, the track that it begins, waits, and the next track.

    A late event only moves the date of a `wait_for`. `changed`: the event changed the profile.
    """
    if not late:
        check_exit(m)
        if not event.machine:
            _start(m)
    if changed:
        _follow_date(m, late=late)
    if not late:
        check_wait(m)
        enter_next(m, again=False)


def _start(m: Moment) -> None:
    """Enter the first track that the present event begins, also out of another track."""
    running = m.state.track
    if not m.book.started_tracks or not _may_run(m):
        return
    for track in m.book.started_tracks:
        if track.name in m.ended or m.state.entered.get(track.name) == m.at:
            continue
        if running is not None and running.name == track.name:
            continue
        if m.holds(track.start_on) and m.holds(track.for_):
            leave(m, "moved")
            _enter(m, track)
            return


def check_exit(m: Moment) -> bool:
    """Leave by the exit if it holds, and look for the next track. Returns whether it was left."""
    track = m.state.track
    if track is None or m.state.stage in TRACKLESS:
        return False
    compiled = m.book.tracks.get(track.name)
    if compiled is None or not m.holds(compiled.exit, track=True):
        return False
    _end(m, "exit")
    return True


def check_motion(m: Moment) -> None:
    """After a change of motion: leave the track if its `for` does not hold any more."""
    track = m.state.track
    compiled = m.book.tracks.get(track.name) if track is not None else None
    if compiled is not None and not m.holds(compiled.for_):
        _end(m, "for")


def check_wait(m: Moment) -> None:
    """Go on if the lead waits in a `wait_until` that holds now and pauses no mail."""
    node = current_step(m)
    if (
        node is not None
        and paused_until(m) is None
        and isinstance(node.step, WaitUntilStep)
        and m.holds(node.condition, track=True)
    ):
        _perform(m, node.then)


def _follow_date(m: Moment, *, late: bool) -> None:
    """After a change of the profile: a `wait_for` follows its date, or goes `else` if that is past.

    A late change moves no track: then the `else` way waits for the instant that was due before.
    """
    node, track = current_step(m), m.state.track
    if node is None or track is None or not isinstance(node.step, WaitForStep):
        return
    due = date_due(m, node.step)
    if due == track.until:
        return
    if due is not None and due >= m.at:
        set_due(m, until=due)
    elif not late:
        _miss_date(m, node)


def _miss_date(m: Moment, node: StepNode) -> None:
    """Go `else`, after a pause if there is one: then the step is due, and its date is not now."""
    if paused_until(m) is None:
        _perform(m, node.otherwise)
    else:
        set_due(m, until=m.at)


def _do_due_date(m: Moment, node: StepNode, step: WaitForStep, until: datetime | None) -> None:
    due = date_due(m, step)
    if due is not None and due == until:
        _perform(m, node.then)
    elif due is not None and due > m.at:
        set_due(m, until=due)
    else:
        _perform(m, node.otherwise)


def do_due_step(m: Moment) -> None:
    """Go on when a wait has ended, a limit is reached, or a deferred mail is due."""
    node, track = current_step(m), m.state.track
    if node is None or track is None:
        return
    m.change(track=dataclasses.replace(track, until=None))
    if isinstance(node.step, WaitForStep):
        _do_due_date(m, node, node.step, track.until)
    elif isinstance(node.step, WaitStep):
        _perform(m, node.next)
    elif isinstance(node.step, WaitUntilStep):
        _perform(m, node.otherwise)
    else:
        _perform(m, node.id)


def apply_mail_result(m: Moment, result: Result) -> None:
    """Record the result of a mail, and go on after the step that sent it."""
    mail = next((one for one in m.state.mails if one.key == result.key), None)
    if mail is None:
        return
    m.change(mails=tuple(one for one in m.state.mails if one.key != mail.key))
    if result.outcome == "sent":
        m.record(
            "email_sent",
            email=mail.email,
            step=mail.step,
            track=mail.track,
            variant=mail.variant,
            message=mail.message,
        )
    elif result.outcome == "skipped":
        m.record("email_skipped", email=mail.email, step=mail.step, why=result.why)
    else:
        m.record("email_failed", email=mail.email, step=mail.step, why=result.why)
        suppression.apply_refused_mail(m, mail.email, result.why)
    # A mail with an unknown outcome may have arrived, so it counts as sent.
    if result.outcome == "sent" or result.why == "unknown_outcome":
        if mail.key.startswith(f"{m.state.lead}/{m.state.cycle}/"):
            m.change(sent=m.state.sent | {mail.email})
        if not m.book.program.emails[mail.email].operational:
            count(m, m.at)
    track = m.state.track
    if track is not None and track.sending and (track.name, track.step) == (mail.track, mail.step):
        m.change(track=dataclasses.replace(track, sending=False))
        node = current_step(m)
        _perform(m, None if node is None else node.next)


def _perform(m: Moment, step: str | None) -> None:  # noqa: C901, PLR0912  # one branch for each kind of step
    """Do this step and the steps after it, until one has to wait."""
    track = m.state.track
    if track is None:
        return
    nodes = m.book.tracks[track.name].nodes
    while step is not None:
        node = nodes[step]
        m.change(
            track=dataclasses.replace(track, step=step, until=None, sending=False, paused=False)
        )
        if m.state.pauses and (pause := paused_until(m)) is not None:
            stand(m, node, pause)
            return
        match node.step:
            case EmailStep() | VariantsStep():
                if not send(m, node):
                    return
                step = node.next
            case WaitStep(wait=wait):
                set_due(m, until=later(m.at, wait, m.zone))
                return
            case WaitUntilStep(up_to=up_to):
                if not m.holds(node.condition, track=True):
                    set_due(m, until=later(m.at, up_to, m.zone))
                    return
                step = node.then
            case WaitForStep():
                due = date_due(m, node.step)
                if due is not None and due > m.at:
                    set_due(m, until=due)
                    return
                step = node.then if due == m.at else node.otherwise
            case IfStep():
                step = node.then if m.holds(node.condition, track=True) else node.otherwise
            case TaskStep():
                open_task(m, node.step)
                step = node.next
            case NotifyStep(notify=notice):
                m.record("notified", channel=notice.channel, message=notice.message)
                step = node.next
            case MoveToStep(move_to=target):
                _move(m, target)
                return
            case FinishStep():
                step = None
            case _:
                assert_never(node.step)
        track = m.state.track
        if track is None:
            return
    _end(m, "finished")


def _move(m: Moment, target: str) -> None:
    track = m.state.track
    if track is None:
        return
    leave(m, "moved")
    compiled = m.book.tracks[target]
    if target != track.name and _may_run(m) and not _barred(m, compiled):
        _enter(m, compiled)
    else:
        enter_next(m, ended=track.name)
