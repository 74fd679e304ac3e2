"""Publications that have not reached a lead yet: its next turn takes them in before anything else.

A rollout tells the leads in flight one after the other, which takes a while. A lead in which
something happens meanwhile does not wait for it, so whatever it does goes by the new version. The
change has the publication's instant, as if the lead had been told at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from models.envelopes import ProgramClock, program_now
from models.inputs import ProgramChanged
from models.instants import whole_second
from models.rollout import PUBLISH, Rollout, needs
from models.state import LeadState


class RolloutsUnderWay(Protocol):
    """The rollouts of a program in the database."""

    def of_program_under_way(self, name: str) -> Sequence[Rollout]:
        """Those that have not ended, the oldest first."""
        ...


def not_taken_in(
    rollouts: RolloutsUnderWay, state: LeadState, clock: ProgramClock | None
) -> list[ProgramChanged]:
    """The publications that a lead is still to be told, the oldest first.

    None is taken in before an earlier pause of the program, or the end of one, that the lead is
    still to be told.
    """
    found: list[ProgramChanged] = []
    if state.closed or state.created is None:
        return found
    for rollout in rollouts.of_program_under_way(state.program):
        # After one that changes the version, a later one may bring it back.
        if not found and not needs(state, rollout.body):
            continue
        if rollout.body["do"] != PUBLISH:
            break
        at = whole_second(program_now(clock, rollout.at))
        found.append(
            ProgramChanged(
                arrived=max(at, state.at or at),
                to=rollout.body["to"],
                in_flight=rollout.body["in_flight"],
                recheck=rollout.body["recheck"],
            )
        )
    return found
