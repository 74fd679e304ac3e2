"""How likely a passage that stands in a stage reaches a goal in the next days.

The chance is learned from all passages that were in the stage, by the time they had been in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from math import sqrt
from typing import Final, NamedTuple

from reports.passages import Passage
from reports.survival import CumulativeIncidence, Observation

LEAST_IN_STAGE: Final = 50
"""A kind of passage has rates of its own if so many of it were in the stage."""

LEAST_WATCHED_ON: Final = 10
"""The rate after a time in the stage is learned if so many were watched to the end of the days
ahead. Who has been there for longer is given the rate of the last days for which this holds."""


class Chance(NamedTuple):
    """How likely something is."""

    share: float
    deviation: float
    """The standard deviation of the estimate."""


class StageRates:
    """The rates at which passages come from each stage to a goal (a stage of FUNNEL)."""

    def __init__(self, learned: Iterable[Passage], goal: str, now: datetime) -> None:
        self.goal = goal
        self._of_kind: defaultdict[tuple[str, str], list[Observation]] = defaultdict(list)
        self._of_all: defaultdict[str, list[Observation]] = defaultdict(list)
        self._curves: dict[tuple[str | None, str], CumulativeIncidence] = {}
        for passage in learned:
            reached = passage.reached(goal)
            for move in passage.moves:
                if move is reached or move is passage.ended:
                    break
                seen = passage.observe(goal, now, since=move.at)
                self._of_kind[passage.kind, move.target].append(seen)
                self._of_all[move.target].append(seen)

    def waiting(self, passage: Passage) -> bool:
        """Whether it is still on its way to the goal."""
        return passage.ended is None and passage.reached(self.goal) is None

    def known(self, stage: str) -> bool:
        """Whether enough passages were in the stage to learn a rate from."""
        return len(self._of_all[stage]) >= LEAST_IN_STAGE

    def chance(self, passage: Passage, now: datetime, seconds: float) -> Chance:
        """How likely a passage that waits reaches the goal within the next seconds."""
        curve = self._curve(passage)
        been = (now - passage.moves[-1].at).total_seconds()
        if len(curve.watched) > LEAST_WATCHED_ON:
            been = min(been, max(0.0, curve.watched[-LEAST_WATCHED_ON] - seconds))
        variance = curve.variance(been + seconds, since=been)
        return Chance(curve.between(been, been + seconds), sqrt(variance))

    def learned_in(self, passage: Passage) -> tuple[str | None, str]:
        """Whose rates hold for it: those of its own kind in its stage, or of all kinds (None)."""
        stage = passage.stage
        own = len(self._of_kind[passage.kind, stage]) >= LEAST_IN_STAGE
        return passage.kind if own else None, stage

    def _curve(self, passage: Passage) -> CumulativeIncidence:
        kind, stage = place = self.learned_in(passage)
        if place not in self._curves:
            seen = self._of_all[stage] if kind is None else self._of_kind[kind, stage]
            self._curves[place] = CumulativeIncidence.of(seen)
        return self._curves[place]
