"""Business time equals a walk minute by minute: open time as a row of flags, one a minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.calendars.business_time import (
    business_calendar,
)
from lifecycle.calendars.local_time import resolve, zone
from models.hours import TimeBlock
from models.program.handoff import Calendar, Holidays

NEW_YORK = "America/New_York"
MINUTE = timedelta(minutes=1)
WALKED_DAYS = 21
TURNS = {
    NEW_YORK: ("2026-03-08", "2026-11-01"),
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Pacific/Apia": ("2011-12-30", "2012-04-01"),
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),
    "America/St_Johns": ("2010-11-07", "2011-03-13"),
    "America/Sao_Paulo": ("2018-02-18", "2018-11-04"),
    "Asia/Kathmandu": ("2025-12-31", "2026-12-31"),
}


def joined_by_minutes(blocks: list[TimeBlock]) -> list[tuple[int, int]]:
    flags = bytearray(2 * 1440 + 1)
    for block in blocks:
        flags[block.start : block.end] = b"\1" * (block.end - block.start)
    edges = [n for n in range(len(flags)) if flags[n] != (flags[n - 1] if n else 0)]
    return list(zip(edges[::2], edges[1::2], strict=True))


class OpenMinutes:
    """Open minutes of three weeks around a turn of the clocks."""

    def __init__(
        self, tz: str, turn: str, week: list[list[TimeBlock]], holidays: frozenset[int]
    ) -> None:
        self.zone = zone(tz)
        middle = datetime.fromisoformat(turn)
        self.begin = middle.replace(tzinfo=UTC) - timedelta(days=4)
        self.flags = bytearray(WALKED_DAYS * 1440)
        self.spans: dict[date, list[tuple[datetime, datetime]]] = {}
        closed = frozenset(middle.date() + timedelta(days=n) for n in holidays)
        for day in (middle + timedelta(days=n) for n in range(-8, WALKED_DAYS)):
            if day.date() not in closed:
                for start, end in joined_by_minutes(week[day.weekday()]):
                    self.open(day, start, end)
        self.calendar = business_calendar(
            Calendar(
                timezone=tz,
                hours=tuple(tuple(blocks) for blocks in week),
                holidays=Holidays(dates=tuple(sorted(closed))),
            ),
            "UTC",
        )

    def open(self, day: datetime, start: int, end: int) -> None:
        opening = resolve(day + start * MINUTE, self.zone)
        closing = resolve(day + end * MINUTE, self.zone, closing=True)
        if opening < closing:
            self.spans.setdefault(day.date(), []).append((opening, closing))
            first, last = self.place(opening), self.place(closing)
            self.flags[first:last] = b"\1" * (last - first)

    def place(self, at: datetime) -> int:
        return min(max((at - self.begin) // MINUTE, 0), len(self.flags))

    def at(self, place: int) -> datetime:
        return self.begin + place * MINUTE


BLOCKS = st.builds(
    lambda start, length: TimeBlock(start, start + length),
    st.one_of(st.integers(0, 1439), st.sampled_from([0, 60, 90, 120, 150, 540, 1320])),
    st.one_of(st.integers(1, 1440), st.sampled_from([15, 45, 60, 240, 480, 1440])),
).filter(lambda block: block.end <= 1440 or block.end - 1440 < block.start)
WEEKS = st.lists(st.lists(BLOCKS, max_size=3), min_size=7, max_size=7).filter(any)
WALKS = st.builds(
    lambda place, week, holidays: OpenMinutes(place[0], place[1], week, holidays),
    st.sampled_from([(tz, day) for tz, days in TURNS.items() for day in days]),
    WEEKS,
    st.frozensets(st.integers(-4, 10), max_size=3),
)
STARTS = st.integers(0, 9 * 1440)
WALKED = settings(deadline=None, max_examples=60, derandomize=True)


@WALKED
@given(walk=WALKS, start=STARTS, minutes=st.integers(1, 3000))
def test_a_due_instant_equals_that_of_a_walk_by_minutes(
    walk: OpenMinutes, start: int, minutes: int
) -> None:
    left, place = minutes, start
    while left and place < len(walk.flags):
        left -= walk.flags[place]
        place += 1
    if not left:
        assert walk.calendar.add(walk.at(start), minutes * 60) == walk.at(place)


@WALKED
@given(walk=WALKS, start=STARTS, end=STARTS)
def test_the_open_time_between_two_instants_equals_that_of_a_walk(
    walk: OpenMinutes, start: int, end: int
) -> None:
    counted = 60 * sum(walk.flags[start:end])
    assert walk.calendar.between(walk.at(start), walk.at(end)) == counted


@WALKED
@given(walk=WALKS, start=STARTS)
def test_open_instants_and_openings_equal_those_of_a_walk(walk: OpenMinutes, start: int) -> None:
    at, flags = walk.at(start), walk.flags
    assert walk.calendar.is_open(at) == bool(flags[start])
    if flags.find(1, start) >= 0:
        assert walk.calendar.next_open(at) == walk.at(flags.index(1, start))
    closed = flags.find(0, start)
    if closed >= 0 and flags.find(1, closed) >= 0:
        assert walk.calendar.next_opening(at) == walk.at(flags.index(1, closed))


@WALKED
@given(walk=WALKS, start=STARTS, days=st.integers(1, 3))
def test_a_due_day_equals_that_of_a_walk_by_days_and_minutes(
    walk: OpenMinutes, start: int, days: int
) -> None:
    begun = walk.flags.find(1, start)
    if begun < 0:
        return
    at = walk.at(begun)
    start_day = max(
        day
        for day, spans in walk.spans.items()
        if any(opening <= at < closing for opening, closing in spans)
    )
    later_days = sorted(day for day in walk.spans if day > start_day)
    if len(later_days) < days:
        return
    day = later_days[days - 1]
    local = at.astimezone(walk.zone).replace(tzinfo=None)
    due_at = resolve(local + (day - start_day), walk.zone)
    closing = max(end for _, end in walk.spans[day])
    while due_at < closing and not any(a <= due_at < b for a, b in walk.spans[day]):
        due_at += MINUTE
    assert walk.calendar.day_due(walk.at(start), days) == max(at, min(due_at, closing))


@WALKED
@given(
    walk=WALKS,
    start=st.integers(0, 9 * 86_400),
    more=st.integers(0, 9 * 86_400),
    seconds=st.integers(1, 90_000),
)
def test_adding_open_time_and_counting_it_give_the_same_seconds(
    walk: OpenMinutes, start: int, more: int, seconds: int
) -> None:
    open_time, second = walk.calendar, timedelta(seconds=1)
    at = walk.begin + start * second
    end = open_time.add(at, seconds)
    assert open_time.between(at, end) == seconds
    assert open_time.between(at, end - second) == seconds - 1  # the first such instant
    later_start = at + more * second
    assert end <= open_time.add(later_start, seconds)
    assert end < open_time.add(at, seconds + 1)
    counted = open_time.between(at, later_start)
    assert counted == 0 or open_time.add(at, counted) <= later_start
    assert open_time.between(at, later_start) + open_time.between(
        later_start, max(later_start, end)
    ) == max(seconds, counted)


@WALKED
@given(walk=WALKS, years=st.integers(1, 12), cuts=st.lists(st.integers(0, 4400), max_size=4))
def test_open_time_adds_up_over_the_years(walk: OpenMinutes, years: int, cuts: list[int]) -> None:
    end = walk.begin + timedelta(days=365 * years)
    places = sorted(
        {walk.begin, end, *(min(end, walk.begin + timedelta(days=cut)) for cut in cuts)}
    )
    total = sum(walk.calendar.between(*pair) for pair in pairwise(places))
    assert walk.calendar.between(walk.begin, end) == total
    assert walk.calendar.add(walk.begin, total) <= end
