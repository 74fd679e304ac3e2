"""What one step of a track does: send, wait, open a task, or wait in a pause."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

from lifecycle.calendars.local_time import date_instant, later
from lifecycle.moment import Moment
from lifecycle.nurture.sending import Defer, Skip, check, choose, message_id
from lifecycle.program.rulebook import StepNode
from models.decision import SendMail
from models.program.tracks import (
    EmailStep,
    TaskStep,
    VariantsStep,
    WaitForStep,
    WaitStep,
    WaitUntilStep,
)
from models.state import PendingMail, TaskState, TrackState


def current_step(m: Moment) -> StepNode | None:
    """The step at which the track stands; None if its mail is being sent."""
    track = m.state.track
    if track is None or track.sending or track.name not in m.book.tracks:
        return None
    return m.book.tracks[track.name].step(track.step)


def awaits_mail(m: Moment) -> bool:
    """Whether the track stands at a nurture mail, so that it is due in a pause too."""
    node = current_step(m)
    return node is not None and nurture_mail(m, node) is not None


def nurture_mail(m: Moment, node: StepNode) -> str | None:
    """The e-mail that the step sends to this lead, if it is a nurture mail."""
    track, step = m.state.track, node.step
    if track is None or not isinstance(step, EmailStep | VariantsStep):
        return None
    _, email = choose(m, track.name, node.id, step)
    return None if m.book.program.emails[email].operational else email


def date_due(m: Moment, step: WaitForStep) -> datetime | None:
    """The instant that the step waits for; None if the lead has no date."""
    try:
        day = date.fromisoformat(m.state.profile[step.wait_for])
    except (KeyError, TypeError, ValueError):  # another version of the program had another type
        return None
    return date_instant(day, step.days, step.at, m.zone)


def stand(m: Moment, node: StepNode, pause: datetime) -> None:
    """Reach a step in a pause of the lead: a wait begins, a nurture mail is deferred."""
    track, step = m.state.track, node.step
    if track is None:
        return
    if isinstance(step, WaitStep):
        begin_wait(m, until=later(m.at, step.wait, m.zone))
    elif isinstance(step, WaitUntilStep):
        begin_wait(m, until=later(m.at, step.up_to, m.zone))
    elif isinstance(step, WaitForStep):
        due = date_due(m, step)
        set_due(m, until=m.at if due is None else max(due, m.at))
    elif (email := nurture_mail(m, node)) is not None:
        m.record("email_deferred", email=email, step=node.id, until=pause, why="paused")
        m.change(track=dataclasses.replace(track, until=pause, paused=True))
    else:
        set_due(m, until=m.at)


def set_due(m: Moment, until: datetime) -> None:
    """Let the step be due at `until`."""
    if m.state.track is not None:
        m.change(track=dataclasses.replace(m.state.track, until=until))


def begin_wait(m: Moment, until: datetime) -> None:
    """Begin a wait or a limit that ends at `until`."""
    if m.state.track is not None:
        m.change(track=dataclasses.replace(m.state.track, until=until, reached=m.at))


def mail_key(m: Moment, track: TrackState, email: str) -> str:
    """The key of the mail that the track's present step sends (docs/language.md section 10)."""
    times = m.state.times_entered.get(track.name, 1)
    return f"{m.state.lead}/{m.state.cycle}/{track.name}/{times}/{track.step}/{email}"


def send(m: Moment, node: StepNode, *, deferred: datetime | None = None) -> bool:
    """Send, defer or skip the step's e-mail. Returns whether the step is done already.

    `deferred` is the instant to which the mail was deferred before; the same again is no entry.
    """
    track, step = m.state.track, node.step
    if track is None or not isinstance(step, EmailStep | VariantsStep):
        return True
    variant, email = choose(m, track.name, node.id, step)
    verdict = check(m, email)
    if isinstance(verdict, Skip):
        m.record("email_skipped", email=email, step=node.id, why=verdict.why)
        return True
    if isinstance(verdict, Defer):
        if verdict.until != deferred:
            until, why = verdict.until, verdict.why
            m.record("email_deferred", email=email, step=node.id, until=until, why=why)
        set_due(m, until=verdict.until)
        return False
    key = mail_key(m, track, email)
    operational = m.book.program.emails[email].operational
    message = message_id(m.book, key)
    pending = PendingMail(
        key=key,
        at=m.at,
        email=email,
        step=node.id,
        track=track.name,
        message=message,
        variant=variant,
        operational=operational,
    )
    m.change(
        track=dataclasses.replace(track, sending=True, until=None),
        mails=(*m.state.mails, pending),
    )
    m.command(SendMail(key=key, at=m.at, email=email, message=message, operational=operational))
    return False


def open_task(m: Moment, step: TaskStep) -> None:
    """Open a task for the lead's owner, or for the team that the step names."""
    work = step.task
    number = m.state.task_count + 1
    owner = None if work.team is not None else m.state.owner
    note = work.note or None
    until = later(m.at, work.within, m.zone) if work.within is not None else None
    task = TaskState(
        id=f"task-{number}",
        kind=work.kind,
        owner=owner,
        team=work.team,
        note=note,
        name=work.name or None,
        until=until,
    )
    m.change(tasks=(*m.state.tasks, task), task_count=number)
    record_task(m, task)


def record_task(m: Moment, task: TaskState) -> None:
    """Record that a task is open."""
    m.record(
        "task_opened",
        task=task.id,
        task_kind=task.kind,
        owner=task.owner,
        team=task.team,
        note=task.note,
        name=task.name,
        until=task.until,
    )
