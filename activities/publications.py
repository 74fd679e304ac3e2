"""A publication that has not reached a lead yet: its next turn takes it in before anything else.

A rollout tells the leads in flight one after the other, which takes a while. A lead in which
something happens meanwhile does not wait for it, so whatever it does goes by the new version. The
change has the publication's instant, as if the lead had been told at once. Rollouts of one program
are carried out one after the other, so only the first of those that have not ended counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from models.envelopes import ProgramClock, program_now
from models.inputs import Input, ProgramChanged
from models.instants import whole_second
from models.rollout import PUBLISH, Rollout, needs, publication_body
from models.state import LeadState


class RolloutsUnderWay(Protocol):
    """The rollouts of a program in the database."""

    def first_under_way(self, name: str) -> Rollout | None:
        """The oldest that has not ended."""
        ...


def with_publication(
    inputs: Sequence[Input],
    rollouts: RolloutsUnderWay,
    newest: Callable[[], str],
    state: LeadState,
    clock: ProgramClock | None,
) -> list[Input]:
    """The inputs of a turn, after the publication that the lead is still to be told.

    A publication that a rollout sent to the lead and that is over by now is left out: the lead had
    it in an earlier turn, and would go back to it.
    """
    if state.closed or state.created is None:
        return list(inputs)
    first = rollouts.first_under_way(state.program)
    kept = [
        one for one in inputs if not isinstance(one, ProgramChanged) or _counts(one, first, newest)
    ]
    if first is None or first.body["do"] != PUBLISH or not needs(state, first.body):
        return kept
    at = whole_second(program_now(clock, first.at))
    told = ProgramChanged(
        arrived=max(at, state.at or at),
        to=first.body["to"],
        in_flight=first.body["in_flight"],
        recheck=first.body["recheck"],
    )
    return [told, *kept]


def _counts(given: ProgramChanged, first: Rollout | None, newest: Callable[[], str]) -> bool:
    if first is None:
        return given.to == newest()
    return publication_body(given.to, given.in_flight, recheck=given.recheck) == first.body
