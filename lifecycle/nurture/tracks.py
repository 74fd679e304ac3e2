"""Tracks: entering and leaving a nurture sequence, and doing its steps.

A step that is reached is done at once, except waits and e-mails that are deferred or being sent.
A track is left by its exit, by a stage in which no track runs, by a change of motion, by `move_to`
or at its end. Then the next track is looked for.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import assert_never

from lifecycle.calendars.local_time import later
from lifecycle.moment import Moment
from lifecycle.nurture import suppression
from lifecycle.nurture.consent import confirmation_awaited
from lifecycle.nurture.sending import Defer, Skip, check, choose, count, message_id
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
    WaitStep,
    WaitUntilStep,
)
from models.state import PendingMail, TaskState, TrackState


def enter_next(m: Moment, *, ended: str | None = None) -> None:
    """Enter the first track whose `for` holds, if no track runs and one may run.

    `ended` is the track that has just ended. It is not entered again at once.
    """
    if m.state.track is not None or not _may_run(m):
        return
    for name, track in m.book.tracks.items():
        if name != ended and not _barred(m, track) and m.holds(track.for_):
            _enter(m, track)
            return


def _may_run(m: Moment) -> bool:
    state = m.state
    return (
        state.stage not in TRACKLESS
        and state.cool_off_until is None
        and not confirmation_awaited(m)
    )


def _barred(m: Moment, track: CompiledTrack) -> bool:
    if m.state.entered.get(track.name) == m.at:
        return True
    return track.name in m.state.left and not track.again


def _enter(m: Moment, track: CompiledTrack) -> None:
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
    m.change(
        track=None,
        left=m.state.left | {track.name},
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


def check_exit_and_wait(m: Moment) -> None:
    """After an input: leave the track by its exit, or go on if its `wait_until` holds."""
    check_exit(m)
    check_wait(m)


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
    """Go on if the lead waits in a `wait_until` that holds now."""
    node = _current(m)
    if (
        node is not None
        and isinstance(node.step, WaitUntilStep)
        and m.holds(node.condition, track=True)
    ):
        _perform(m, node.then)


def do_due_step(m: Moment) -> None:
    """Go on when a wait has ended, a limit is reached, or a deferred mail is due."""
    node, track = _current(m), m.state.track
    if node is None or track is None:
        return
    m.change(track=dataclasses.replace(track, until=None))
    if isinstance(node.step, WaitStep):
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
        node = _current(m)
        _perform(m, None if node is None else node.next)


def _current(m: Moment) -> StepNode | None:
    track = m.state.track
    if track is None or track.sending or track.name not in m.book.tracks:
        return None
    return m.book.tracks[track.name].step(track.step)


def _perform(m: Moment, step: str | None) -> None:  # noqa: C901, PLR0912  # one branch for each kind of step
    """Do this step and the steps after it, until one has to wait."""
    track = m.state.track
    if track is None:
        return
    nodes = m.book.tracks[track.name].nodes
    while step is not None:
        node = nodes[step]
        m.change(track=dataclasses.replace(track, step=step, until=None, sending=False))
        match node.step:
            case EmailStep() | VariantsStep():
                if not _send(m, node):
                    return
                step = node.next
            case WaitStep(wait=wait):
                _wait(m, wait_until=later(m.at, wait, m.zone))
                return
            case WaitUntilStep(up_to=up_to):
                if not m.holds(node.condition, track=True):
                    _wait(m, wait_until=later(m.at, up_to, m.zone))
                    return
                step = node.then
            case IfStep():
                step = node.then if m.holds(node.condition, track=True) else node.otherwise
            case TaskStep():
                _open_task(m, node.step)
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


def _wait(m: Moment, wait_until: datetime) -> None:
    if m.state.track is not None:
        m.change(track=dataclasses.replace(m.state.track, until=wait_until))


def _send(m: Moment, node: StepNode) -> bool:
    """Send, defer or skip the step's e-mail. Returns whether the step is done already."""
    track, step = m.state.track, node.step
    if track is None or not isinstance(step, EmailStep | VariantsStep):
        return True
    variant, email = choose(m, track.name, node.id, step)
    verdict = check(m, email)
    if isinstance(verdict, Skip):
        m.record("email_skipped", email=email, step=node.id, why=verdict.why)
        return True
    if isinstance(verdict, Defer):
        m.record("email_deferred", email=email, step=node.id, until=verdict.until, why=verdict.why)
        _wait(m, wait_until=verdict.until)
        return False
    times = m.state.times_entered.get(track.name, 1)
    key = f"{m.state.lead}/{m.state.cycle}/{track.name}/{times}/{node.id}/{email}"
    message = message_id(m.book, key)
    pending = PendingMail(
        key=key,
        at=m.at,
        email=email,
        step=node.id,
        track=track.name,
        message=message,
        variant=variant,
    )
    m.change(
        track=dataclasses.replace(track, sending=True, until=None),
        mails=(*m.state.mails, pending),
    )
    operational = m.book.program.emails[email].operational
    m.command(SendMail(key=key, at=m.at, email=email, message=message, operational=operational))
    return False


def _open_task(m: Moment, step: TaskStep) -> None:
    work = step.task
    number = m.state.task_count + 1
    owner = None if work.team is not None else m.state.owner
    task = TaskState(id=f"task-{number}", kind=work.kind, owner=owner, team=work.team)
    m.change(tasks=(*m.state.tasks, task), task_count=number)
    m.record(
        "task_opened",
        task=task.id,
        task_kind=task.kind,
        owner=owner,
        team=work.team,
        note=work.note or None,
    )


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
