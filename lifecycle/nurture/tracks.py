"""Tracks: entering and leaving a nurture sequence, and doing its steps.

A step that is reached is done at once, except waits and e-mails that are deferred or being sent.
While the lead pauses its mail, no step is done: a wait may begin, but it ends when the pause does.
A track is left by its exit, by a stage in which no track runs, by a change of motion, by an event
that begins another (`start_on`), by `move_to` or at its end. Then the next track is looked for.

The file is long because entering, doing steps and leaving call each other.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import assert_never

from lifecycle.calendars.local_time import later
from lifecycle.moment import Moment
from lifecycle.nurture import suppression
from lifecycle.nurture.consent import confirmation_awaited
from lifecycle.nurture.pause import paused_until
from lifecycle.nurture.sending import count, operational
from lifecycle.nurture.steps import (
    begin_wait,
    current_step,
    date_due,
    mail_key,
    open_task,
    send,
    set_due,
    stand,
)
from lifecycle.program.rulebook import CompiledTrack, StepNode
from lifecycle.stages import TRACKLESS
from models.decision import SendMail, TrackMove
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
from models.state import PendingMail, TrackState

PROGRAM_PAUSED = "paused"
"""Why a mail that was on its way came back unsent: its program was paused."""
CHECK_AGAIN = timedelta(minutes=1)
"""When such a mail is checked again, if the lead does not know of the pause."""


def enter_next(m: Moment, *, ended: str | None = None, again: bool = True) -> None:
    """Enter the first track whose `for` holds, if no track runs and one may run.

    `ended` is the track that has just ended. It is not entered again at once. Without `again`,
    a track with `again: true` is treated like any other. While another version waits until the
    lead has finished what it is in, no track is entered: the lead changes its version first.
    """
    if m.state.track is not None or m.state.finish is not None or not may_run(m):
        return
    for name, track in m.book.tracks.items():
        if name == ended or track.start_on is not None or _barred(m, track, again=again):
            continue
        if m.holds(track.for_):
            enter(m, track)
            return


def may_run(m: Moment) -> bool:
    """Whether a track may run: by stage, cool-off and consent."""
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


def enter(m: Moment, track: CompiledTrack) -> None:
    """Enter a track and begin its first step."""
    enter_only(m, track)
    perform(m, track.first)


def enter_only(m: Moment, track: CompiledTrack) -> None:
    """Enter a track. Its first step is not begun yet."""
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


def leave(m: Moment, why: str) -> None:
    """Leave the running track. A mail that it asked for in this turn is withdrawn."""
    track = m.state.track
    if track is None:
        return
    m.record("track_left", track=track.name, why=why)
    m.track_moves.append(TrackMove(at=m.at, digest=m.state.digest, track=track.name, why=why))
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


def follow_merge(m: Moment, *, changed: bool, again: bool) -> None:
    """After another lead was merged into this one: exit, waits, and the next track.

    `changed`: it has filled the profile. `again` as in `enter_next`.
    """
    check_exit(m)
    if changed:
        _follow_date(m, late=False)
    check_wait(m)
    enter_next(m, again=again)


def _start(m: Moment) -> None:
    """Enter the first track that the present event begins, also out of another track."""
    running = m.state.track
    if not m.book.started_tracks or not may_run(m):
        return
    for track in m.book.started_tracks:
        if track.name in m.ended or m.state.entered.get(track.name) == m.at:
            continue
        if running is not None and running.name == track.name:
            continue
        if m.holds(track.start_on) and m.holds(track.for_):
            leave(m, "moved")
            enter(m, track)
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
        and m.state.paused_since is None
        and paused_until(m) is None
        and isinstance(node.step, WaitUntilStep)
        and m.holds(node.condition, track=True)
    ):
        perform(m, node.then)


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
        miss_date(m, node)


def miss_date(m: Moment, node: StepNode) -> None:
    """Go `else`, after a pause if there is one: then the step is due, and its date is not now."""
    if paused_until(m) is None and m.state.paused_since is None:
        perform(m, node.otherwise)
    else:
        set_due(m, until=m.at)


def _do_due_date(m: Moment, node: StepNode, step: WaitForStep, until: datetime | None) -> None:
    due = date_due(m, step)
    if due is not None and due == until:
        perform(m, node.then)
    elif due is not None and due > m.at:
        set_due(m, until=due)
    else:
        perform(m, node.otherwise)


def do_due_step(m: Moment) -> None:
    """Go on when a wait has ended, a limit is reached, or a deferred mail is due."""
    node, track = current_step(m), m.state.track
    if node is None or track is None:
        return
    m.change(track=dataclasses.replace(track, until=None))
    if isinstance(node.step, WaitForStep):
        _do_due_date(m, node, node.step, track.until)
    elif isinstance(node.step, WaitStep):
        perform(m, node.next)
    elif isinstance(node.step, WaitUntilStep):
        perform(m, node.otherwise)
    else:
        perform(m, node.id)


def apply_mail_result(m: Moment, result: Result) -> None:
    """Record the result of a mail, and go on after the step that sent it."""
    mail = next((one for one in m.state.mails if one.key == result.key), None)
    if mail is None:
        return
    m.change(mails=tuple(one for one in m.state.mails if one.key != mail.key))
    if result.why == PROGRAM_PAUSED:
        _stand_unsent(m, mail)
        return
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
        if not operational(m, mail):
            count(m, m.at)
    track = m.state.track
    if track is not None and _sends(m, track, mail):
        m.change(track=dataclasses.replace(track, sending=False))
        node = current_step(m)
        perform(m, None if node is None else node.next)


def _sends(m: Moment, track: TrackState, mail: PendingMail) -> bool:
    """Whether this mail is the one that the track's present step sends.

    A track that was entered again sends under another key. Keys of release 0.1 do not say it.
    """
    if not track.sending or (track.name, track.step) != (mail.track, mail.step):
        return False
    key = mail_key(m, track, mail.email)
    return mail.key == key or mail.key.count("/") < key.count("/")


def _stand_unsent(m: Moment, mail: PendingMail) -> None:
    """A mail came back, because the program was paused meanwhile: its step has not begun.

    If the pause has not reached the lead yet, or is over already, it is checked again soon.
    """
    track = m.state.track
    if track is not None and _sends(m, track, mail):
        until = None if m.state.paused_since is not None else m.at + CHECK_AGAIN
        m.change(track=dataclasses.replace(track, sending=False, until=until))


def perform(m: Moment, step: str | None) -> None:  # noqa: C901, PLR0912  # one branch for each kind of step
    """Do this step and the steps after it, until one has to wait."""
    track = m.state.track
    if track is None:
        return
    nodes = m.book.tracks[track.name].nodes
    while step is not None:
        node = nodes[step]
        m.change(track=at_step(track, step))
        if m.state.paused_since is not None:
            return
        if m.state.pauses and (pause := paused_until(m)) is not None:
            stand(m, node, pause)
            return
        match node.step:
            case EmailStep() | VariantsStep():
                if not send(m, node):
                    return
                step = node.next
            case WaitStep(wait=wait):
                begin_wait(m, until=later(m.at, wait, m.zone))
                return
            case WaitUntilStep(up_to=up_to):
                if not m.holds(node.condition, track=True):
                    begin_wait(m, until=later(m.at, up_to, m.zone))
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


def at_step(track: TrackState, step: str) -> TrackState:
    """The track at a step that has not begun."""
    return TrackState(name=track.name, entered=track.entered, did=track.did, step=step)


def _move(m: Moment, target: str) -> None:
    track = m.state.track
    if track is None:
        return
    leave(m, "moved")
    compiled = m.book.tracks[target]
    if target != track.name and may_run(m) and not _barred(m, compiled):
        enter(m, compiled)
    else:
        enter_next(m, ended=track.name)
