"""Spans of open time: joined where they overlap, with running sums for fast look-ups."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

Span = tuple[int, int]
"""Seconds since 1970 (or minutes of a day): the opening, and the closing, which is excluded."""


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order. Overlapping and touching spans are joined, empty ones are dropped."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class OpenYear:
    """The open time of one UTC year, and the open days of the local year."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    sums: tuple[int, ...]
    """Open seconds of the year up to each end."""
    days: tuple[int, ...]
    """Proleptic ordinals of the days on which a block begins."""

    @property
    def total(self) -> int:
        """All open seconds of the year."""
        return self.sums[-1] if self.sums else 0

    def until(self, second: int) -> int:
        """Open seconds of the year before `second`."""
        n = bisect_right(self.starts, second)
        return self.sums[n - 1] - max(0, self.ends[n - 1] - second) if n else 0

    def is_open(self, second: int) -> bool:
        """Whether `second` lies in a span."""
        n = bisect_right(self.starts, second)
        return n > 0 and second < self.ends[n - 1]


def open_year(spans: Iterable[Span], begin: int, end: int, days: Iterable[int]) -> OpenYear:
    """The year from `begin` to `end`: spans joined and cut at its ends."""
    kept = joined((max(start, begin), min(stop, end)) for start, stop in spans)
    return OpenYear(
        starts=tuple(start for start, _ in kept),
        ends=tuple(stop for _, stop in kept),
        sums=tuple(accumulate(stop - start for start, stop in kept)),
        days=tuple(days),
    )
