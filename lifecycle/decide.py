"""One turn of the rules: `(program, state, inputs, now) → Decision`. Pure and total.

Inputs and due items are merged in time order: an input has the instant at which it arrived, a due
item the instant at which it was due. At the same instant the input comes first. So an accept that
arrived after a breach was due does not undo the breach, even after an outage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from lifecycle.handoff import clocks, unreachable_owner
from lifecycle.handoff.handoff import assign_result
from lifecycle.moment import Moment
from lifecycle.moves import acts, breaches, events, launch_undo, merge, version_change
from lifecycle.moves.due import DueItem, next_due
from lifecycle.moves.transitions import close_if_done
from lifecycle.nurture import program_pause, reengagement, tracks
from lifecycle.program.rulebook import Rulebook
from lifecycle.program.versions import Versions
from models.decision import Answer, Decision, Wake
from models.directory import Directory
from models.inputs import (
    ACTS,
    Act,
    Created,
    Event,
    Input,
    LaunchUndone,
    MalformedInput,
    MergedFrom,
    MergedInto,
    OfProgram,
    ProgramChanged,
    ProgramPaused,
    Reengage,
    Result,
    Resumed,
)
from models.program.program import Program
from models.state import LeadState

GRACE = timedelta(minutes=1)
"""What is done this soon after it was due is recorded at the instant at which it was due."""

RESULT_WAIT = timedelta(seconds=5)
"""How long a due item waits for the result of a command that was given before."""


def new_lead(lead: str, program: Program) -> LeadState:
    """A lead before its creation; its first input is `Created`."""
    return LeadState(lead=lead, program=program.program, digest=program.digest)


def decide(
    book: Rulebook,
    state: LeadState,
    inputs: Sequence[Input],
    now: datetime,
    *,
    people: Directory,
    grace: timedelta = GRACE,
    taken: Mapping[str, str] | None = None,
    versions: Versions | None = None,
) -> Decision:
    """Run one turn: apply the inputs, and do what is due by `now`.

    `taken` says which addresses of the inputs (`lifecycle.moves.addresses`) are another lead's.
    Data from outside never makes it raise. The caller performs the commands of the decision, and
    passes their results as inputs of a later turn. Without `versions` only the lead's is known.
    """
    m = Moment(book, people, state.changed(turn=state.turn + 1), taken=taken, versions=versions)
    waiting = sorted(inputs, key=lambda one: one.arrived)
    place = 0
    while True:
        item = _next_item(m, now)
        if place < len(waiting) and (item is None or waiting[place].arrived <= item.at):
            m.move_to(waiting[place].arrived)
            _apply_input(m, waiting[place])
            place += 1
        elif item is not None and item.at <= now:
            # What the last change made overdue could not be done before it: it is as late as that.
            due = max(item.at, m.at)
            m.move_to(due if now - due <= grace else now, when=item.at)
            item.do(m)
        else:
            break
        version_change.change_when_finished(m)
        close_if_done(m)
    m.change(seq=m.seq)
    return Decision(
        state=m.state,
        entries=tuple(m.entries),
        commands=tuple(m.commands),
        answers=tuple(m.answers),
        wake=None if item is None else Wake(at=item.at, what=item.what),
        track_moves=tuple(m.track_moves),
    )


def _next_item(m: Moment, now: datetime) -> DueItem | None:
    """The next due item. It is delayed while the result of a command may still come."""
    item = next_due(m)
    if item is None:
        return None
    handoff = m.state.handoff
    asked = [mail.at for mail in m.state.mails]
    if handoff is not None and handoff.asked is not None:
        asked.append(handoff.asked)
    patient = max(asked, default=None)
    if patient is None or now >= patient + RESULT_WAIT or item.at >= patient + RESULT_WAIT:
        return item
    return DueItem(patient + RESULT_WAIT, item.order, item.what, item.do)


def _apply_input(m: Moment, given: Input) -> None:
    if isinstance(given, MalformedInput):
        _record_malformed(m, given)
    elif isinstance(given, Resumed):
        m.record("resumed_from_journal")
    elif isinstance(given, Created):
        if m.state.created is None:
            events.create_lead(m, given)
        else:
            m.record("ignored", event="", type="created", why="duplicate")
    elif m.state.created is None:
        _record_malformed(m, _before_creation(given))
    elif isinstance(given, OfProgram | LaunchUndone):
        _apply_to_many(m, given)
    elif isinstance(given, Event | Act | MergedInto | MergedFrom):
        _apply_from_outside(m, given)
    else:
        _apply_result(m, given)


def _apply_from_outside(m: Moment, given: Event | Act | MergedInto | MergedFrom) -> None:
    if isinstance(given, MergedInto):
        merge.merge_into(m, given)
        return
    if isinstance(given, MergedFrom):
        merge.merge_from(m, given)
        return
    if m.state.merged is not None:
        merge.forward(m, given)
        return
    if m.state.closed:
        version_change.change_closed(m)
    if isinstance(given, Event):
        events.apply_event(m, given)
    else:
        acts.perform_act(m, given)


def _apply_to_many(m: Moment, given: OfProgram | LaunchUndone) -> None:
    """Apply what is sent to many leads at once."""
    if isinstance(given, ProgramChanged):
        version_change.apply_publication(m, given)
    elif isinstance(given, ProgramPaused):
        _apply_pause(m, given)
    elif isinstance(given, Reengage):
        reengagement.reengage(m, given)
    else:
        launch_undo.close(m, given)


def _apply_pause(m: Moment, given: ProgramPaused) -> None:
    if m.state.closed:
        return
    if given.pause:
        m.pause()
    else:
        program_pause.resume(m)


def _apply_result(m: Moment, given: Result) -> None:
    if given.outcome in ("assigned", "unassigned"):
        if assign_result(m, given):
            breaches.attempts_used_up(m, clocks.ACCEPT)
    elif given.owner is not None:
        unreachable_owner.apply_refused_alert(m, given)
    else:
        tracks.apply_mail_result(m, given)


def _before_creation(given: Input) -> MalformedInput:
    name = given.do if isinstance(given, Act) else "event"
    by = given.by if isinstance(given, Act) else ""
    why = "This lead has not been created."
    return MalformedInput(arrived=given.arrived, ref=given.ref, name=name, why=why, by=by)


def _record_malformed(m: Moment, given: MalformedInput) -> None:
    if given.name in ACTS:
        m.record("refused", act=given.name, by=given.by, why="malformed", note=given.why)
    else:
        m.record("ignored", event="", type=given.name, why="malformed", note=given.why)
    m.answers.append(Answer(ref=given.ref, refused=given.why))
