"""How long something takes where not all of it has happened yet.

What is still open counts until now and then leaves the group that is looked at (it is censored).
What can no longer happen because something else ended it is a competing end, not censored.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log, sqrt
from typing import Literal, NamedTuple

from reports.proportions import Interval, Z, wilson

Ending = Literal["reached", "competing", "open"]
"""How an observation ended: by what is looked for, by what rules it out, or not yet."""


class Observation(NamedTuple):
    """How long one thing was watched, in any unit, and how that ended."""

    length: float
    ending: Ending


@dataclass(frozen=True, slots=True)
class _LengthStep:
    """What happened at one length."""

    length: float
    at_risk: int
    reached: int
    ended: int
    """Reached or competing."""
    before: float
    """The share without an end, just before it."""


class _VarianceSums(NamedTuple):
    """The sums of the variance's formula, multiplied out, so that none is summed twice."""

    ends: float = 0.0
    ends_by_share: float = 0.0
    ends_by_square: float = 0.0
    reached: float = 0.0
    mixed: float = 0.0
    mixed_by_share: float = 0.0

    @classmethod
    def of(cls, step: _LengthStep, share: float) -> _VarianceSums:
        """What one step adds; `share` is the estimate at it."""
        left = step.at_risk - step.ended
        ends = step.ended / (step.at_risk * left) if left else 0.0
        mixed = step.before * step.reached / step.at_risk**2
        reached = step.before**2 * step.reached * (step.at_risk - step.reached) / step.at_risk**3
        return cls(ends, ends * share, ends * share**2, reached, mixed, mixed * share)

    def plus(self, other: _VarianceSums) -> _VarianceSums:
        """The sums of both."""
        return _VarianceSums(*(one + more for one, more in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """The share that has reached it by each length: the Aalen-Johansen estimate.

    O. O. Aalen, S. Johansen, An empirical transition matrix for non-homogeneous Markov chains based
    on censored observations, Scandinavian Journal of Statistics 5 (1978) 141-150; as worked out in
    J. M. Satagopan et al., A note on competing risks in survival data analysis, British Journal of
    Cancer 91 (2004) 1229-1235.
    """

    steps: tuple[_LengthStep, ...]
    watched: tuple[float, ...]
    """How long each was watched, the shortest first."""
    lengths: tuple[float, ...]
    shares: tuple[float, ...]
    """The estimate at each of `lengths`."""
    without_end: tuple[float, ...]
    """The share without any end, at each of `lengths`."""
    sums: tuple[_VarianceSums, ...]
    """What the variance is summed from, up to each of `lengths`."""

    @classmethod
    def of(cls, observations: Iterable[Observation]) -> CumulativeIncidence:
        """Estimate it from these observations."""
        watched = list(observations)
        leaving = Counter(one.length for one in watched)
        reached = Counter(one.length for one in watched if one.ending == "reached")
        ended = Counter(one.length for one in watched if one.ending != "open")
        steps: list[_LengthStep] = []
        at_risk, survival = len(watched), 1.0
        for length in sorted(leaving):
            if ended[length]:
                steps.append(_LengthStep(length, at_risk, reached[length], ended[length], survival))
                survival *= 1 - ended[length] / at_risk
            at_risk -= leaving[length]
        jumps = (one.before * one.reached / one.at_risk for one in steps)
        shares = tuple(accumulate(jumps))
        parts = map(_VarianceSums.of, steps, shares)
        return cls(
            steps=tuple(steps),
            watched=tuple(sorted(one.length for one in watched)),
            lengths=tuple(one.length for one in steps),
            shares=shares,
            without_end=tuple(one.before * (1 - one.ended / one.at_risk) for one in steps),
            sums=tuple(accumulate(parts, _VarianceSums.plus)),
        )

    def by(self, length: float) -> float:
        """The share that has reached it by this length."""
        place = bisect_right(self.lengths, length)
        return self.shares[place - 1] if place else 0.0

    def open_after(self, length: float) -> float:
        """The share that has had no end by this length."""
        place = bisect_right(self.lengths, length)
        return self.without_end[place - 1] if place else 1.0

    def between(self, length: float, later: float) -> float:
        """How likely it is reached by `later`, given that nothing has ended it by `length`.

        0 where nobody was watched that long.
        """
        left = self.open_after(length)
        return min(1.0, (self.by(later) - self.by(length)) / left) if left > 0 else 0.0

    def variance(self, length: float, since: float | None = None) -> float:
        """The variance of the estimate by the delta method; with `since`, of `between`.

        E. Marubini, M. G. Valsecchi, Analysing survival data from clinical trials and observational
        studies (1995), formula 10.12. Without competing ends it is Greenwood's formula. Who had no
        end by `since` is followed from there on, so the same formula holds for the later steps.
        """
        first = 0 if since is None else bisect_right(self.lengths, since)
        last = bisect_right(self.lengths, length)
        left = self.without_end[first - 1] if first else 1.0
        if last <= first or left <= 0:
            return 0.0
        before = self.sums[first - 1] if first else _VarianceSums()
        ends, ends_by_share, ends_by_square, reached, mixed, mixed_by_share = (
            one - other for one, other in zip(self.sums[last - 1], before, strict=True)
        )
        share = self.shares[last - 1]
        variance = share**2 * ends - 2 * share * ends_by_share + ends_by_square
        variance += reached - 2 * (share * mixed - mixed_by_share)
        return max(0.0, variance / left**2)

    def interval(self, length: float) -> Interval:
        """An interval of 95 % for the share, on the scale log(-log), so that it stays in 0 to 1.

        J. D. Kalbfleisch, R. L. Prentice, The statistical analysis of failure time data (2002),
        section 1.4. Where nothing, or everything, was reached, it is Wilson's for those who were
        watched for so long or had their end before.
        """
        share = self.by(length)
        if not 0 < share < 1:
            ended = sum(one.ended for one in self.steps if one.length <= length)
            of = ended + len(self.watched) - bisect_right(self.watched, length)
            return wilson(round(share) * of, of)
        power = Z * sqrt(self.variance(length)) / (share * log(share))
        return Interval(*sorted((share ** exp(power), share ** exp(-power))))


class Quantile(NamedTuple):
    """A quantile of lengths; `at_least` if so many have not ended that it can only be longer."""

    length: float
    at_least: bool


def quantile(lengths: Sequence[tuple[float, bool]], share: float) -> Quantile | None:
    """The length by which this share has ended, with what is open counted until now.

    Each is (length, ended). It is read from the Kaplan-Meier curve: the first length by which at
    least this share has ended (E. L. Kaplan, P. Meier, Nonparametric estimation from incomplete
    observations, Journal of the American Statistical Association 53 (1958) 457-481). If that share
    is not reached, it is at least the greatest length so far. None of nothing.
    """
    if not lengths:
        return None
    curve = CumulativeIncidence.of(
        Observation(length, "reached" if ended else "open") for length, ended in lengths
    )
    # Sums of floating-point numbers come to 0.49999… where half of ten have ended.
    found = next(
        (
            at
            for at, left in zip(curve.lengths, curve.without_end, strict=True)
            if left <= 1 - share + 1e-9
        ),
        None,
    )
    return Quantile(curve.watched[-1], True) if found is None else Quantile(found, False)
