"""Passages: a lead's ways through the funnel, from where each begins to where it ends.

A lead that is recycled, revived, or buys again comes through the funnel more than once. Each time
is a passage of its own, so that nobody is counted in one row for what they did in another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from reports.life import LeadLife, Move
from reports.survival import Ending, Observation

FUNNEL: Final = ("engaged", "mql", "sal", "sql", "opportunity", "customer")
"""The stages that a passage can reach, in their order."""

_PLACE: Final = {"known": 0, "recycled": 0} | {name: n for n, name in enumerate(FUNNEL, start=1)}
_ENDS: Final = frozenset({"customer", "lost", "recycled", "disqualified"})

Kind = Literal["new", "recycled", "revived", "repeat"]

KINDS: Final[dict[Kind, str]] = {
    "new": "New leads: from their creation",
    "recycled": "Recycled leads: from each recycle",
    "revived": "Revived leads: from the raised hand of a disqualified or lost lead",
    "repeat": "Customers who buy again: from their next opportunity",
}
"""How a passage begins, and whom it is of."""

AHEAD: Final[dict[Kind, int]] = {"new": 0, "recycled": 0, "revived": 2, "repeat": 5}
"""The place in FUNNEL of the first stage that lies before it: the others are behind it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One way of a lead through the funnel."""

    life: LeadLife
    kind: Kind
    moves: tuple[Move, ...]
    """The first begins it. The last may end it."""
    firsts: tuple[Move | None, ...]
    """For each stage of FUNNEL, the move by which it came there or beyond."""
    began: datetime
    """When it began."""
    ended: Move | None
    """What ended it: won, lost, recycled or disqualified. None if it goes on."""

    @property
    def stage(self) -> str:
        """The stage that it has come to."""
        return self.moves[-1].target

    def reached(self, stage: str) -> Move | None:
        """The move by which it came to this stage or beyond; None if it has not.

        A stage that is skipped is passed in no time: at the move to a later one.
        """
        return self.firsts[_PLACE[stage] - 1]

    def skipped(self, stage: str) -> Move | None:
        """The move that went past this stage; None if it was in it, or has not come so far."""
        move = self.reached(stage)
        return None if move is None or move.target == stage else move

    def observe(self, stage: str, now: datetime, since: datetime | None = None) -> Observation:
        """How long it took to this stage from the beginning (or `since`), in seconds."""
        start = since or self.began
        ending: Ending
        if (move := self.reached(stage)) is not None:
            at, ending = move.at, "reached"
        elif (end := self.ended) is not None:
            at, ending = end.at, "competing"
        else:
            at, ending = now, "open"
        return Observation((at - start).total_seconds(), ending)


def passages(lives: Iterable[LeadLife]) -> list[Passage]:
    """The passages of these leads, each lead's by time."""
    return [one for life in lives for one in _of(life)]


def _of(life: LeadLife) -> list[Passage]:
    found: list[Passage] = []
    kind: Kind | None = None
    moves: list[Move] = []
    for move in life.moves:
        if kind is not None:
            moves.append(move)
            if move.target not in _ENDS:
                continue
            found.append(_passage(life, kind, moves))
        kind, moves = _begins(move), [move]
    if kind is not None:
        found.append(_passage(life, kind, moves))
    return found


def _passage(life: LeadLife, kind: Kind, moves: list[Move]) -> Passage:
    firsts: list[Move | None] = []
    for move in moves:
        beyond = _PLACE.get(move.target, 0) - len(firsts)
        firsts += [move] * beyond  # none if it is not beyond all before
    firsts += [None] * (len(FUNNEL) - len(firsts))
    last = moves[-1]
    return Passage(
        life=life,
        kind=kind,
        moves=tuple(moves),
        firsts=tuple(firsts),
        began=moves[0].at,
        ended=last if len(moves) > 1 and last.target in _ENDS else None,
    )


def _begins(move: Move) -> Kind | None:
    """What begins with this move where no passage goes on; None if nothing does."""
    if move.target == "recycled":
        return "recycled"
    if move.target in _ENDS:
        return None
    if move.source is None:
        return "new"
    return "repeat" if move.source == "customer" else "revived"
