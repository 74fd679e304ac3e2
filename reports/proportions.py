"""Shares and differences of shares, with intervals of 95 %."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

Z = NormalDist().inv_cdf(0.975)
"""The standard normal quantile of a two-sided interval of 95 %: 1.95996."""


class Interval(NamedTuple):
    """An interval of 95 %."""

    low: float
    high: float


def wilson(hits: int, of: int) -> Interval:
    """Wilson's score interval of a share, without continuity correction.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of
    the American Statistical Association 22 (1927) 209-212; method 3 of R. G. Newcombe, Two-sided
    confidence intervals for the single proportion, Statistics in Medicine 17 (1998) 857-872.
    Of nothing, the interval is from 0 to 1.
    """
    if not of:
        return Interval(0.0, 1.0)
    share, square = hits / of, Z * Z
    middle = 2 * hits + square
    half = Z * sqrt(square + 4 * hits * (1 - share))
    whole = 2 * (of + square)
    return Interval(
        0.0 if not hits else (middle - half) / whole,
        1.0 if hits == of else (middle + half) / whole,
    )


def newcombe(hits: int, of: int, other_hits: int, other_of: int) -> Interval:
    """The interval of the difference of two independent shares, the first minus the other.

    Method 10 of R. G. Newcombe, Interval estimation for the difference between independent
    proportions, Statistics in Medicine 17 (1998) 873-890: it combines Wilson's intervals.
    """
    if not of or not other_of:
        return Interval(-1.0, 1.0)
    one, other = hits / of, other_hits / other_of
    low, high = wilson(hits, of)
    other_low, other_high = wilson(other_hits, other_of)
    difference = one - other
    return Interval(
        difference - sqrt((one - low) ** 2 + (other_high - other) ** 2),
        difference + sqrt((high - one) ** 2 + (other - other_low) ** 2),
    )
