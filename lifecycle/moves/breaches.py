"""Reminders and breaches of a clock, and what follows from a breach."""

from __future__ import annotations

import dataclasses

from lifecycle.handoff import clocks
from lifecycle.handoff.clock_settings import settings, settings_of
from lifecycle.handoff.handoff import ask_owner, change_handoff
from lifecycle.moment import Moment
from lifecycle.moves.transitions import disqualify, recycle
from lifecycle.sales_words import reason_word
from models.program.handoff import AcceptClock
from models.state import ClockState


def remind(m: Moment, clock: ClockState) -> None:
    """Remind the owner of a clock."""
    share, _ = clock.reminders[0]
    reminded = (*clock.reminded, share)
    _replace(m, dataclasses.replace(clock, reminders=clock.reminders[1:], reminded=reminded))
    m.record("reminded", clock=clock.name, owner=m.state.owner, due=clock.due, share=share)
    m.notify(
        m.state.owner, "reminded", f"{share} of the time to {_act_text(clock.name)} has passed."
    )


def breach(m: Moment, clock: ClockState) -> None:
    """Record the breach. Alert, reassign, or do what `then` says if the attempts are used up."""
    handoff, rules = m.state.handoff, settings_of(m, clock)
    if handoff is None or rules is None:
        return
    _replace(m, dataclasses.replace(clock, breached=True, reminders=()))
    m.record("breached", clock=clock.name, owner=m.state.owner, due=clock.due)
    if "alert" in rules.on_breach:
        m.alert_responsible(
            m.manager,
            "breached",
            f"{m.state.owner} did not {_act_text(clock.name)} the lead in time.",
        )
    if (
        isinstance(rules, AcceptClock)
        and "reassign" in rules.on_breach
        and handoff.attempt < rules.attempts
    ):
        m.change(owner=None, previous_owner=m.state.owner or m.state.previous_owner)
        ask_owner(m)
        return
    attempts_used_up(m, clock.name)


def attempts_used_up(m: Moment, name: str) -> None:
    """Do what the program says when the attempts are used up: keep, recycle or disqualify."""
    handoff, rules = m.state.handoff, settings(m, name)
    if handoff is None or rules is None:
        return
    then = rules.then
    if name == clocks.ACCEPT and handoff.second:
        then = "keep"
    if then in ("recycle", "disqualify") and rules.reason is not None:
        last = m.state.owner or (handoff.tried[-1] if handoff.tried else None)
        m.notify(last, "returned", _returned(then, rules.reason))
        if then == "recycle":
            recycle(m, rules.reason)
        else:
            disqualify(m, rules.reason)
    elif m.state.owner is None and handoff.tried:
        m.change(owner=handoff.tried[-1])


def _returned(then: str, reason: str) -> str:
    if then == "disqualify":
        return f"The lead was closed as no fit: {reason_word(reason)}."
    return f"The lead went back to marketing: {reason_word(reason)}."


def _replace(m: Moment, changed: ClockState) -> None:
    handoff = m.state.handoff
    if handoff is not None:
        kept = tuple(changed if one.name == changed.name else one for one in handoff.clocks)
        change_handoff(m, clocks=kept)


def _act_text(name: str) -> str:
    return {"accept": "accept", "first_touch": "touch", "qualify": "qualify"}[name]
