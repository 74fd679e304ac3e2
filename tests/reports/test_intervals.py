"""Formulas against the worked examples of the papers that they come from."""

from __future__ import annotations

import pytest

from reports.proportions import newcombe, wilson
from reports.survival import CumulativeIncidence, Ending, Observation, quantile


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_s_interval_is_that_of_newcombe_s_table(
    hits: int, of: int, low: float, high: float
) -> None:
    """Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3."""
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_that_of_newcombe_s_table(
    first: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10."""
    assert newcombe(*first, *other) == pytest.approx((low, high), abs=5e-5)


def test_the_cumulative_incidence_is_that_of_the_breast_cancer_example() -> None:
    """Satagopan et al. 2004, British Journal of Cancer 91, 1229-1235, table 2: 305 patients."""
    watched = [
        Observation(7, "open"),
        Observation(10, "reached"),
        Observation(14, "open"),
        Observation(16, "reached"),
        Observation(18, "competing"),
        Observation(23, "reached"),
        Observation(24, "open"),
        Observation(26, "competing"),
        Observation(27, "reached"),
        *[Observation(60, "open")] * 296,
    ]
    curve = CumulativeIncidence.of(watched)
    assert [round(100 * curve.by(month), 1) for month in (9, 10, 16, 23, 27)] == [
        *(0.0, 0.3, 0.7, 1.0, 1.3),
    ]
    # The paper adds up figures that it has rounded, so its last are 0.1 less: 0.6, 0.9, 1.2.
    overall = [round(100 * curve.open_after(month), 1) for month in (10, 16, 18, 23, 26, 27)]
    assert overall == [99.7, 99.3, 99.0, 98.7, 98.3, 98.0]


_REMISSION = [
    *((6, True), (6, True), (6, True), (7, True), (10, True), (13, True), (16, True), (22, True)),
    *((23, True), (6, False), (9, False), (10, False), (11, False), (17, False), (19, False)),
    *((20, False), (25, False), (32, False), (32, False), (34, False), (35, False)),
]
"""Weeks in remission with 6-MP: Freireich et al. 1963, as printed by Kalbfleisch and Prentice."""


def test_without_competing_ends_it_is_kaplan_s_and_meier_s_with_greenwood_s_variance() -> None:
    curve = CumulativeIncidence.of(
        Observation(weeks, "reached" if ended else "open") for weeks, ended in _REMISSION
    )
    weeks = (6, 7, 10, 13, 16, 22, 23)
    survival = [round(1 - curve.by(week), 3) for week in weeks]
    assert survival == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    errors = [round(curve.variance(week) ** 0.5, 4) for week in weeks]
    assert errors == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]


@pytest.mark.parametrize(("since", "length"), [(6, 20), (9.5, 16), (0, 27), (17, 23)])
def test_what_has_lasted_so_long_is_watched_from_there_on(since: float, length: float) -> None:
    """The chance and its variance are those of a curve of the others alone, begun at `since`."""
    endings: tuple[Ending, ...] = ("reached", "competing", "reached", "open")
    watched = [
        Observation(weeks, endings[place % 4] if ended else "open")
        for place, (weeks, ended) in enumerate(_REMISSION)
    ]
    whole = CumulativeIncidence.of(watched)
    later = CumulativeIncidence.of(
        Observation(one.length - since, one.ending) for one in watched if one.length > since
    )
    assert whole.between(since, length) == pytest.approx(later.by(length - since))
    assert whole.variance(length, since) == pytest.approx(later.variance(length - since))


def test_where_nothing_is_open_the_variance_is_that_of_a_share() -> None:
    watched = [Observation(n, "reached" if n % 3 else "competing") for n in range(1, 31)]
    curve = CumulativeIncidence.of(watched)
    assert curve.by(30) == pytest.approx(20 / 30)
    assert curve.variance(30) == pytest.approx((20 / 30) * (10 / 30) / 30)


def test_a_median_counts_what_is_open_and_says_when_it_can_only_be_longer() -> None:
    weeks = [(float(length), ended) for length, ended in _REMISSION]
    assert quantile(weeks, 0.5) == (23.0, False)  # the median that the papers give for 6-MP
    assert quantile(weeks, 0.9) == (35.0, True)
    assert quantile([], 0.5) is None
    assert quantile([(float(n), True) for n in range(1, 11)], 0.5) == (5.0, False)
