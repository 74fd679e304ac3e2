"""What many leads together bring: the expected sum of chances times amounts, with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from math import inf, sqrt
from statistics import fmean, variance
from typing import NamedTuple

from reports.proportions import Interval, Z
from reports.stage_rates import Chance
from reports.table import CountedEntry, Form, ReportCell


class Worth(NamedTuple):
    """What reaching a goal is worth: an amount, or the mean of the amounts of those before."""

    amount: float
    spread: float = 0.0
    """The variance of one amount about the mean."""
    learned: int = 0
    """How many amounts the mean is of; 0 if it is the lead's own amount."""

    @classmethod
    def mean_of(cls, amounts: Sequence[float]) -> Worth:
        """The mean of these amounts."""
        if not amounts:
            return cls(0.0)
        spread = variance(amounts) if len(amounts) > 1 else 0.0
        return cls(fmean(amounts), spread, len(amounts))


ONE = Worth(1.0)
"""What each counts for that is only counted."""


class Contribution(NamedTuple):
    """What may come of one passage."""

    item: CountedEntry
    """The entry by which it came to where it stands."""
    chance: Chance
    learned_in: Hashable
    """Whose rates its chance comes from: their error is the same for all who share them."""
    worth: Worth = ONE


def expected(contributions: Iterable[Contribution], form: Form = "number") -> ReportCell:
    """The expected sum, with an interval of 95 % for the sum that will come.

    The interval is the normal approximation: the mean ± 1.96 √variance, within what can come at
    all. The variance is that of a sum of independent events with chances of their own and random
    amounts (the Poisson binomial distribution: Y. H. Wang, On the number of successes in
    independent trials, Statistica Sinica 3 (1993) 295-312; with amounts by the law of total
    variance), plus that of the estimated rates and mean amounts. Leads whose rates are learned from
    the same passages share their error, so their standard deviations are added, which is the most
    that it can be.
    """
    found = list(contributions)
    chances = 0.0
    of_rates: defaultdict[Hashable, float] = defaultdict(float)
    of_means: defaultdict[Worth, float] = defaultdict(float)
    for one in found:
        (share, deviation), (amount, spread, learned) = one.chance, one.worth
        chances += share * (spread + amount**2) - (share * amount) ** 2
        of_rates[one.learned_in] += deviation * amount
        if learned:
            of_means[one.worth] += share
    errors = sum(one**2 for one in of_rates.values())
    errors += sum(of**2 * one.spread / one.learned for one, of in of_means.items())
    items = tuple(one.item.worth(one.chance.share * one.worth.amount) for one in found)
    mean = sum(one.value or 0.0 for one in items)
    half = Z * sqrt(chances + errors)
    most = inf if of_means else sum(one.worth.amount for one in found)
    interval = Interval(max(0.0, mean - half), min(most, mean + half))
    return ReportCell(figure=mean, form=form, items=items, interval=interval)
