"""Differences of means, with intervals of 95 %."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, variance

from reports.proportions import Interval, Z


def welch(values: Sequence[float], others: Sequence[float]) -> Interval | None:
    """The interval of the difference of two independent means, the first minus the other.

    B. L. Welch, The generalization of Student's problem when several different population variances
    are involved, Biometrika 34 (1947) 28-35, with the normal quantile instead of Student's: it is
    for groups of fifty and more. None if a group has fewer than two values.
    """
    if min(len(values), len(others)) < 2:  # one value has no variance
        return None
    difference = fmean(values) - fmean(others)
    half = Z * sqrt(variance(values) / len(values) + variance(others) / len(others))
    return Interval(difference - half, difference + half)
