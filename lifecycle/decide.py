"""One turn of the rules: `(program, state, inputs, now) → Decision`. Pure and total.

Inputs, by the instant they arrived, and due items, by theirs, are merged in time order; at
the same instant the input goes first. So an accept that arrived after a breach was due does
not undo it, even after an outage.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from lifecycle.handoff import clocks, unreachable_owner
from lifecycle.handoff.handoff import assign_result
from lifecycle.moment import Moment
from lifecycle.moves import acts, breaches, events
from lifecycle.moves.due import DueItem, next_due
from lifecycle.moves.transitions import close_if_done
from lifecycle.nurture import tracks
from lifecycle.program.rulebook import Rulebook
from models.decision import Answer, Decision, Wake
from models.directory import Directory
from models.inputs import ACTS, Act, Created, Event, Input, MalformedInput, Result, Resumed
from models.program.program import Program
from models.state import LeadState

GRACE = timedelta(minutes=1)
"""What is done within this of its instant bears that instant."""

PATIENCE = timedelta(seconds=5)
"""So long a due item waits for the result of a command that went out before it."""


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
) -> Decision:
    """Run one turn: take the inputs in and do what is due by `now`.

    Never raises on data from outside. Commands of the decision are to be performed, and
    their results come back as inputs of a later turn.
    """
    m = Moment(book, people, state.changed(turn=state.turn + 1))
    waiting = sorted(inputs, key=lambda one: one.arrived)
    place = 0
    while True:
        item = _next_item(m, now)
        if place < len(waiting) and (item is None or waiting[place].arrived <= item.at):
            m.move_to(waiting[place].arrived)
            _take(m, waiting[place])
            place += 1
        elif item is not None and item.at <= now:
            m.move_to(item.at if now - item.at <= grace else now, when=item.at)
            item.do(m)
        else:
            break
        close_if_done(m)
    m.change(seq=m.seq)
    return Decision(
        state=m.state,
        entries=tuple(m.entries),
        commands=tuple(m.commands),
        answers=tuple(m.answers),
        wake=None if item is None else Wake(at=item.at, what=item.what),
    )


def _next_item(m: Moment, now: datetime) -> DueItem | None:
    """What is due next; behind a command whose result may come in a moment, a little later."""
    item = next_due(m)
    if item is None:
        return None
    handoff = m.state.handoff
    asked = [mail.at for mail in m.state.mails]
    if handoff is not None and handoff.asked is not None:
        asked.append(handoff.asked)
    patient = max(asked, default=None)
    if patient is None or now >= patient + PATIENCE or item.at >= patient + PATIENCE:
        return item
    return DueItem(patient + PATIENCE, item.order, item.what, item.do)


def _take(m: Moment, given: Input) -> None:
    if isinstance(given, MalformedInput):
        _tell_malformed(m, given)
    elif isinstance(given, Resumed):
        m.tell("resumed_from_journal")
    elif isinstance(given, Created):
        if m.state.created is None:
            events.created(m, given)
        else:
            m.tell("ignored", event="", type="created", why="duplicate")
    elif m.state.created is None:
        _tell_malformed(m, _before_creation(given))
    elif isinstance(given, Event):
        events.happened(m, given)
    elif isinstance(given, Act):
        acts.perform(m, given)
    else:
        _take_result(m, given)


def _take_result(m: Moment, given: Result) -> None:
    if given.outcome in ("assigned", "unassigned"):
        if assign_result(m, given):
            breaches.attempts_used_up(m, clocks.ACCEPT)
    elif given.owner is not None:
        unreachable_owner.refused(m, given)
    else:
        tracks.mail_result(m, given)


def _before_creation(given: Event | Act | Result) -> MalformedInput:
    name = given.do if isinstance(given, Act) else "event"
    by = given.by if isinstance(given, Act) else ""
    why = "This lead has not been created."
    return MalformedInput(arrived=given.arrived, ref=given.ref, name=name, why=why, by=by)


def _tell_malformed(m: Moment, given: MalformedInput) -> None:
    if given.name in ACTS:
        m.tell("refused", act=given.name, by=given.by, why="malformed", note=given.why)
    else:
        m.tell("ignored", event="", type=given.name, why="malformed", note=given.why)
    m.answers.append(Answer(ref=given.ref, refused=given.why))
