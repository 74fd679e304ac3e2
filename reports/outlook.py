"""What can be said at one instant about what a group of passages will bring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from reports.expectation import ONE, Contribution, Worth, expected
from reports.life import DealStep, LeadLife, Move
from reports.passages import Passage, passages
from reports.question import Question
from reports.stage_rates import StageRates
from reports.table import CountedEntry, Form, ReportCell, words

GOALS: Final = {"MQLs": "mql", "opportunities": "opportunity", "wins": "customer"}
"""What is forecast, and the stage of each."""
LEAST_CAME: Final = 10
LEAST_WATCHED: Final = 50
_OUTCOMES: Final = {"opportunity": "opportunity", "customer": "won"}


@dataclass(frozen=True)
class Outlook:
    """What can be said at one instant about one group of passages."""

    at: datetime
    learned: list[Passage]
    """Those that rates are learned from."""
    going_on: list[Passage]

    @classmethod
    def of(cls, lives: Iterable[LeadLife], asked: Question) -> dict[str, Outlook]:
        """The outlook of each group, by name."""
        learned: defaultdict[str, list[Passage]] = defaultdict(list)
        going_on: defaultdict[str, list[Passage]] = defaultdict(list)
        for one in passages(lives):
            group = asked.group(one.life, one.began, asked.by)
            if one.ended is None:
                going_on[group].append(one)
            if asked.covers(one.began):
                learned[group].append(one)
        names = sorted(learned.keys() | going_on.keys())
        return {name: cls(asked.as_of, learned[name], going_on[name]) for name in names}

    @cached_property
    def rates(self) -> dict[str, StageRates]:
        """The rates towards each goal."""
        return {name: StageRates(self.learned, goal, self.at) for name, goal in GOALS.items()}

    @cached_property
    def amounts(self) -> dict[str, list[DealStep]]:
        """The deals at each goal, of the passages that rates are learned from."""
        found: dict[str, list[DealStep]] = {}
        for name, goal in GOALS.items():
            reached = ((one.life, one.reached(goal)) for one in self.learned)
            deals = (deal_at(life, move) for life, move in reached if move is not None)
            found[name] = [deal for deal in deals if deal is not None]
        return found

    @cached_property
    def currencies(self) -> list[str]:
        """The currencies of all these deals, and of the opportunities that are open."""
        own = (_own_deal(one) for one in self.going_on)
        deals = (deal for of in self.amounts.values() for deal in of)
        return sorted({one.currency for one in (*own, *deals) if one is not None})

    @cached_property
    def waiting(self) -> dict[str, list[Passage]]:
        """Those on their way to each goal."""
        return {
            name: [one for one in self.going_on if self.rates[name].waiting(one)] for name in GOALS
        }

    @cached_property
    def waiting_at(self) -> dict[str, tuple[CountedEntry, ...]]:
        """Where those on their way to each goal stand."""
        return {name: standing(of) for name, of in self.waiting.items()}

    @cached_property
    def _came(self) -> dict[str, int]:
        """How many have come to each goal."""
        return {
            name: sum(one.reached(goal) is not None for one in self.learned)
            for name, goal in GOALS.items()
        }

    def too_early(self, goal: str, days: int) -> bool:
        """Whether too few came so far, or too few were watched for so many days or to their end."""
        limit = self.at - timedelta(days=days)
        if self._came[goal] < LEAST_CAME:
            return True
        watched = (one for one in self.learned if one.ended is not None or one.began <= limit)
        return sum(1 for _ in watched) < LEAST_WATCHED

    def expect(self, goal: str, days: int, currency: str | None = None) -> ReportCell:
        """How many reach the goal in the next days; in a currency, what that is worth."""
        if self.too_early(goal, days):
            return words("too early to tell", self.waiting_at[goal])
        form: Form = "number" if currency is None else "money"
        return expected(self.contributions(self.waiting[goal], goal, days, currency), form)

    def contributions(
        self, of: Iterable[Passage], goal: str, days: int, currency: str | None = None
    ) -> Iterator[Contribution]:
        """What may come of each of these passages."""
        rates, seconds = self.rates[goal], timedelta(days=days).total_seconds()
        mean = ONE if currency is None else self._mean(goal, currency)
        for one in of:
            worth = mean
            own = _own_deal(one) if currency is not None and goal == "wins" else None
            if own is not None:
                worth = Worth(own.amount if own.currency == currency else 0.0)
            chance = rates.chance(one, self.at, seconds)
            yield Contribution(one.moves[-1].item(), chance, rates.learned_in(one), worth)

    def _mean(self, goal: str, currency: str) -> Worth:
        """What one who reaches the goal is worth in this currency: 0 for those in another."""
        deals = self.amounts[goal]
        return Worth.mean_of([one.amount if one.currency == currency else 0.0 for one in deals])


def standing(passages: Iterable[Passage]) -> tuple[CountedEntry, ...]:
    """The entries by which these passages came to where they stand."""
    return tuple(one.moves[-1].item() for one in passages)


def deal_at(life: LeadLife, move: Move) -> DealStep | None:
    """The deal that was written with this move: the last one before it, after the move before."""
    outcome = _OUTCOMES.get(move.target)
    since = max((one.seq for one in life.moves if one.seq < move.seq), default=0)
    found = (one for one in life.deals if since < one.seq < move.seq and one.outcome == outcome)
    return next(found, None)


def _own_deal(passage: Passage) -> DealStep | None:
    """The opportunity that a passage has open; None if it is not so far, or names no amount."""
    if passage.stage != "opportunity":
        return None
    deal = deal_at(passage.life, passage.moves[-1])
    return deal if deal is not None and deal.amount else None
