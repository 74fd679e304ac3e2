"""Owners are found, and assignments counted, within the turn that asks for it.

The directory and its counters are in the database that the turn writes to anyway. An activity of
its own would cost eight events of history and a round trip, and would not help when that database
is away. A turn that runs again uses the same keys and gets the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from activities.ports import People
from models.decision import Assign, CountAssignment, Decision
from models.inputs import Input, Result
from models.state import LeadState

Again = Callable[[LeadState, Sequence[Input]], Decision]
"""Runs the rules once more on a state, with these inputs."""


def assigned(people: People, decision: Decision, again: Again) -> Decision:
    """The decision after its assignments were made and the rules had their results: one turn."""
    while asked := [one for one in decision.commands if isinstance(one, Assign | CountAssignment)]:
        told = [_made(people, decision.state, one) for one in asked]
        decision = replace(
            decision, commands=tuple(one for one in decision.commands if one not in asked)
        )
        if results := [one for one in told if one is not None]:
            same_turn = decision.state.changed(turn=decision.state.turn - 1)
            decision = _together(decision, again(same_turn, results))
    return decision


def _made(people: People, state: LeadState, command: Assign | CountAssignment) -> Result | None:
    if isinstance(command, CountAssignment):
        people.count(state.lead, command, state.turn)
        return None
    owner, why = people.assign(state.lead, command, state.turn)
    if owner is not None:
        return Result(key=command.key, arrived=command.at, outcome="assigned", owner=owner)
    return Result(key=command.key, arrived=command.at, outcome="unassigned", why=why or "empty")


def _together(first: Decision, then: Decision) -> Decision:
    return replace(
        then,
        entries=first.entries + then.entries,
        commands=first.commands + then.commands,
        answers=first.answers + then.answers,
    )
