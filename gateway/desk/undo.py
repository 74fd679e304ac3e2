"""What was just done in a queue, and for a minute the way to undo it, where the rules have one.

The rules never take an act back: the timeline keeps it. Two acts have another act that brings the
lead back to where it was: `resume` ends a hold, and `reassign` gives a lead back to its last owner.
An acceptance, a touch and a note stand.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Query

from gateway.web.desk_session import DeskUser
from lifecycle.handoff.permission import actors
from lifecycle.sales_words import ACT_WORDS
from models.state import LeadState
from usecases.context import Context

UNDO_FOR = timedelta(minutes=1)
"""How long the page offers it, in real time."""
MOST_SELECTED = 50
"""The most leads that one form acts on: those of one page."""
MOST_MATCHING = 500
"""The most leads that one confirmation acts on: each waits for a worker, within one request."""


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was done on some leads."""

    do: str = ""
    leads: tuple[str, ...] = ()
    number: int = 0
    """How many they are, if the URL does not name them."""

    @property
    def sentence(self) -> str:
        """What the page says."""
        said = ACT_WORDS[self.do].done if self.do in ACT_WORDS else ""
        number = max(len(self.leads), self.number)
        return f"{number} leads: {said}" if said and number > 1 else said


@dataclass(frozen=True, slots=True)
class Undo:
    """A button that brings leads back to where they were."""

    do: str
    label: str
    leads: tuple[str, ...]
    to: str = ""


def done_query(
    done: str = "",
    on: Annotated[list[str] | None, Query()] = None,
    number: Annotated[int, Query(alias="n", ge=0, le=MOST_MATCHING)] = 0,
) -> Done:
    """A dependency that reads from the URL what was done."""
    leads = tuple(one for one in (on or ())[:MOST_SELECTED] if one.isprintable())
    return Done(done, leads, number)


def undo_offer(context: Context, user: DeskUser, done: Done) -> tuple[Undo, ...]:
    """What can be undone of an act of the last minute."""
    if done.do not in ("hold", "reassign"):
        return ()
    since = context.now() - UNDO_FOR * context.speed
    found: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for lead in done.leads:
        state = context.journal.state(lead)
        if state is None or user.person not in actors(state, user.people):
            continue
        handoff = state.handoff
        if handoff is None or handoff.over:
            continue
        if done.do == "hold":
            # A hold that only became longer began earlier: ending it would undo more.
            if handoff.held_until and handoff.held_since and handoff.held_since >= since:
                found["resume", "Undo: end the hold", ""].append(lead)
        elif handoff.assigned and handoff.assigned >= since and (to := _former(user, state)):
            member = user.people.member(to)
            name = member.name if member is not None and member.name else to
            found["reassign", f"Undo: give back to {name}", to].append(lead)
    return tuple(Undo(do, label, tuple(of), to) for (do, label, to), of in found.items())


def _former(user: DeskUser, state: LeadState) -> str | None:
    """The last owner, if the rules let the lead be given back: a member of the team."""
    team = state.handoff.team if state.handoff is not None else None
    former = state.previous_owner
    there = former is not None and former != state.owner and user.people.is_member(team, former)
    return former if there else None
