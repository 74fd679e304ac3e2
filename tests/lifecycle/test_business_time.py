"""Business time: every sentence of it by example, and against a walk by minutes."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.calendars.business_time import (
    BusinessCalendar,
    always_open,
    business_calendar,
    expand_holidays,
)
from lifecycle.calendars.local_time import FOREVER, resolve, zone
from models.durations import parse_duration
from models.hours import TimeBlock
from models.instants import parse_instant, write_instant
from models.program.handoff import Calendar, Holidays

NEW_YORK = "America/New_York"
SPLIT = {"mon-thu": ["09:00-12:30", "13:30-18:00"], "fri": ["09:00-12:30", "13:30-16:00"]}
AROUND = {"mon-sun": "00:00-24:00"}
NIGHTS = {"mon-fri": "22:00-06:00"}


def calendar(hours: dict[str, Any], *closed: str, tz: str = NEW_YORK) -> BusinessCalendar:
    read = Calendar.model_validate({"timezone": tz, "hours": hours, "holidays": {"also": closed}})
    return business_calendar(read, "UTC")


def due(open_time: BusinessCalendar, at: str, length: str) -> str:
    return write_instant(open_time.due(parse_instant(at), parse_duration(length)))


def utc(text: str) -> str:
    return write_instant(parse_instant(text))


@pytest.mark.parametrize(
    ("at", "length", "ends"),
    [
        # 2026-03-05 is a Thursday; DST begins on Sunday the 8th
        ("2026-03-05T14:00:00-05:00", "4h", "2026-03-05T18:00:00-05:00"),
        ("2026-03-05T14:00:01-05:00", "4h", "2026-03-06T09:00:01-05:00"),
        ("2026-03-05T12:00:00-05:00", "1h", "2026-03-05T14:00:00-05:00"),
        ("2026-03-05T12:30:00-05:00", "30m", "2026-03-05T14:00:00-05:00"),
        ("2026-03-05T18:00:00-05:00", "1m", "2026-03-06T09:01:00-05:00"),
        ("2026-03-06T15:30:00-05:00", "1h", "2026-03-09T09:30:00-04:00"),
        ("2026-03-07T18:30:00-05:00", "1h", "2026-03-09T10:00:00-04:00"),
        ("2026-12-23T17:00:00-05:00", "2h", "2026-12-25T10:00:00-05:00"),
    ],
)
def test_hours_count_only_open_time(at: str, length: str, ends: str) -> None:
    assert due(calendar(SPLIT, "2026-12-24"), at, length) == utc(ends)


@pytest.mark.parametrize(
    ("at", "length", "ends"),
    [
        ("2026-03-05T14:00:00-05:00", "1d", "2026-03-06T14:00:00-05:00"),
        ("2026-03-05T17:00:00-05:00", "1d", "2026-03-06T16:00:00-05:00"),  # after closing
        ("2026-03-05T17:00:00-05:00", "2d", "2026-03-09T17:00:00-04:00"),
        ("2026-03-06T12:45:00-05:00", "1d", "2026-03-09T13:30:00-04:00"),  # begun in a break
        ("2026-03-05T18:00:00-05:00", "1d", "2026-03-09T09:00:00-04:00"),  # Friday's opening
        ("2026-03-07T11:00:00-05:00", "1d", "2026-03-10T09:00:00-04:00"),  # Saturday: Monday
        ("2026-03-05T10:00:00-05:00", "1w", "2026-03-16T10:00:00-04:00"),  # seven open days
        ("2026-12-23T10:00:00-05:00", "1d", "2026-12-25T10:00:00-05:00"),
        ("2026-12-24T10:00:00-05:00", "1d", "2026-12-28T09:00:00-05:00"),  # begun on a holiday
    ],
)
def test_days_end_on_the_nth_open_day_after_the_start_day(at: str, length: str, ends: str) -> None:
    assert due(calendar(SPLIT, "2026-12-24"), at, length) == utc(ends)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-03-02T08:30:00-05:00", "2026-03-03T10:00:00-05:00"),  # before opening
        ("2026-03-02T11:00:00-05:00", "2026-03-03T11:00:00-05:00"),
        ("2026-03-02T12:00:00-05:00", "2026-03-03T13:00:00-05:00"),  # a break begins: its end
        ("2026-03-02T12:59:59-05:00", "2026-03-03T13:00:00-05:00"),
        ("2026-03-02T16:00:00-05:00", "2026-03-03T16:00:00-05:00"),  # at closing
        ("2026-03-02T19:00:00-05:00", "2026-03-03T16:00:00-05:00"),
    ],
)
def test_the_local_time_moves_into_the_hours_of_the_due_day(at: str, ends: str) -> None:
    hours = {"mon": "08:00-20:00", "tue": ["10:00-12:00", "13:00-16:00"]}
    assert due(calendar(hours), at, "1d") == utc(ends)


def test_a_due_day_keeps_the_local_time_across_dst() -> None:
    week = {"mon-sun": "00:00-24:00"}
    assert due(calendar(week), "2026-03-07T02:30:00-05:00", "1d") == utc(
        "2026-03-08T03:30:00-04:00"
    )
    assert due(calendar(week), "2026-10-31T01:30:00-04:00", "1d") == utc(
        "2026-11-01T01:30:00-04:00"
    )


def test_a_block_across_midnight_belongs_to_the_day_it_began() -> None:
    # Friday's night is open until Saturday morning; Sunday's would be Monday's, and is not.
    nights = calendar(NIGHTS, "2026-03-04")
    assert nights.is_open(parse_instant("2026-03-07T05:59:59-05:00"))
    assert not nights.is_open(parse_instant("2026-03-07T06:00:00-05:00"))
    assert not nights.is_open(parse_instant("2026-03-02T05:00:00-05:00"))
    # A holiday closes the block that begins on it, not the one that ends on it.
    assert nights.is_open(parse_instant("2026-03-04T05:00:00-05:00"))
    assert not nights.is_open(parse_instant("2026-03-05T05:00:00-05:00"))
    assert due(nights, "2026-03-02T23:00:00-05:00", "8h") == utc("2026-03-03T23:00:00-05:00")


def test_days_of_a_night_shift_count_from_the_day_it_began() -> None:
    nights = calendar(NIGHTS)
    assert due(nights, "2026-03-03T02:00:00-05:00", "1d") == utc("2026-03-04T02:00:00-05:00")
    assert due(nights, "2026-03-07T02:00:00-05:00", "1d") == utc("2026-03-10T02:00:00-04:00")
    assert due(nights, "2026-03-07T12:00:00-05:00", "1d") == utc("2026-03-10T22:00:00-04:00")


def test_overlapping_and_touching_blocks_of_one_day_are_one() -> None:
    one = calendar({"mon": ["09:00-12:00", "12:00-14:00", "13:00-17:00", "10:00-11:00"]})
    start, end = parse_instant("2026-03-02T00:00:00-05:00"), parse_instant("2026-03-03T00:00:00Z")
    assert one.between(start, end) == 8 * 3600
    assert due(one, "2026-03-02T12:00:00-05:00", "1d") == utc("2026-03-09T12:00:00-04:00")


def test_a_day_that_ends_at_24_goes_on_in_the_next_one() -> None:
    shop = calendar({"mon": "18:00-24:00", "tue": "00:00-02:00"})
    assert due(shop, "2026-03-02T23:00:00-05:00", "2h") == utc("2026-03-03T01:00:00-05:00")
    # At midnight Tuesday's block begins, so Tuesday is the start day.
    assert due(shop, "2026-03-03T00:00:00-05:00", "1d") == utc("2026-03-09T18:00:00-04:00")


def test_overlapping_blocks_of_neighbouring_days_count_once() -> None:
    shop = calendar({"mon": "22:00-06:00", "tue": "05:00-12:00"})
    start, end = parse_instant("2026-03-02T00:00:00-05:00"), parse_instant("2026-03-05T00:00:00Z")
    assert shop.between(start, end) == 14 * 3600
    # 05:30 lies in both; Tuesday's block began last, so Tuesday is the start day.
    assert due(shop, "2026-03-03T05:30:00-05:00", "1d") == utc("2026-03-09T22:00:00-04:00")


def test_a_due_day_whose_hours_are_over_when_the_start_comes_is_due_at_the_start() -> None:
    shop = calendar({"mon": "22:00-06:00", "tue": "00:00-03:00"})
    assert due(shop, "2026-03-03T05:00:00-05:00", "1d") == utc("2026-03-03T05:00:00-05:00")


@pytest.mark.parametrize(
    ("tz", "day", "block", "hours"),
    [
        (NEW_YORK, "2026-03-08", "00:00-24:00", 23),
        (NEW_YORK, "2026-11-01", "00:00-24:00", 25),
        (NEW_YORK, "2026-03-08", "01:00-02:30", 1.5),  # 02:30 is taken as 03:30 daylight time
        (NEW_YORK, "2026-03-08", "02:30-04:00", 0.5),
        (NEW_YORK, "2026-03-08", "02:30-03:15", 0),  # would close before it opens
        (NEW_YORK, "2026-11-01", "01:00-01:30", 1.5),  # the first opens, the second closes
        ("Europe/Berlin", "2026-10-25", "22:00-06:00", 8),
        ("Europe/Berlin", "2026-10-24", "22:00-06:00", 9),
        ("Australia/Lord_Howe", "2026-10-04", "00:00-24:00", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", "00:00-24:00", 24.5),
        ("America/St_Johns", "2010-11-06", "00:00-24:00", 25),  # back from 00:01, midnight again
    ],
)
def test_open_hours_across_dst(tz: str, day: str, block: str, hours: float) -> None:
    weekday = date.fromisoformat(day).strftime("%a").lower()
    noon = datetime.fromisoformat(f"{day}T12:00:00Z")
    opened = calendar({weekday: block}, tz=tz)
    three = timedelta(days=3)
    assert opened.between(noon - three, noon + three) == pytest.approx(hours * 3600, abs=0.01)


def test_a_day_on_which_a_gap_swallows_the_block_is_no_open_day() -> None:
    sundays = calendar({"sun": "02:30-03:15"})
    assert due(sundays, "2026-03-01T02:45:00-05:00", "1d") == utc("2026-03-15T02:45:00-04:00")


def test_a_skipped_date_shares_the_time_of_the_next_and_counts_once() -> None:
    apia = calendar({"mon-sun": "09:00-17:00"}, tz="Pacific/Apia")
    start, end = (parse_instant(f"2011-12-{day}:00:00Z") for day in ("29T12", "31T12"))
    # Thursday 29th and Saturday 31st: the 30th never was.
    assert apia.between(start, end) == 2 * 8 * 3600


def test_the_next_opening_is_later_than_now_and_the_next_open_instant_is_not() -> None:
    office = calendar(SPLIT)
    nine, noon, half_past = (
        parse_instant(f"2026-03-05T{clock}:00-05:00") for clock in ("09:00", "12:00", "12:30")
    )
    after_lunch = parse_instant("2026-03-05T13:30:00-05:00")
    assert (office.next_open(nine), office.next_opening(nine)) == (nine, after_lunch)
    assert (office.next_open(noon), office.next_opening(noon)) == (noon, after_lunch)
    assert office.next_open(half_past) == office.next_opening(half_past) == after_lunch


def test_nothing_opens_where_nothing_closes() -> None:
    at = parse_instant("2026-12-30T12:00:00Z")
    assert calendar(AROUND).next_opening(at) == FOREVER
    closed_once = calendar(AROUND, "2028-05-01")
    assert closed_once.next_opening(at) == parse_instant("2028-05-02T04:00:00Z")
    assert closed_once.next_opening(parse_instant("2028-05-02T04:00:00Z")) == FOREVER


def test_nothing_to_count_is_used_up_at_the_next_open_instant() -> None:
    office = calendar(SPLIT)
    at = parse_instant("2026-03-05T18:00:00-05:00")
    assert office.add(at, 0) == office.day_due(at, 0) == office.next_open(at)


def test_time_beyond_every_calendar_is_closed_and_never_loops() -> None:
    yearly = calendar({"mon": "09:00-10:00"})
    at = parse_instant("2026-03-05T18:00:00-05:00")
    for far in (datetime(9999, 12, 31, tzinfo=UTC), datetime(2200, 1, 2, tzinfo=UTC)):
        assert not yearly.is_open(far)
        assert yearly.add(far, 60) == yearly.next_open(far) == yearly.day_due(far, 1) == FOREVER
        assert yearly.between(far, far + timedelta(hours=1)) == 0
        assert yearly.between(at, far) == yearly.between(at, datetime(2200, 1, 1, tzinfo=UTC))
    assert yearly.add(at, 10**12) == yearly.day_due(at, 10**9) == FOREVER


def test_a_calendar_without_a_time_zone_takes_the_default() -> None:
    read = Calendar.model_validate({"hours": {"mon": "09:00-10:00"}})
    assert business_calendar(read, "Asia/Kathmandu").timezone == zone("Asia/Kathmandu")
    assert business_calendar(read, "Asia/Kathmandu") is business_calendar(read, "Asia/Kathmandu")


def test_without_a_calendar_all_time_is_open() -> None:
    clock = always_open(NEW_YORK)
    at = parse_instant("2026-03-07T09:10:00-05:00")
    assert clock.is_open(at)
    assert clock.next_open(at) == at
    assert clock.next_opening(at) == FOREVER
    assert clock.add(at, 90) == at + timedelta(seconds=90)
    assert clock.add(datetime(9999, 12, 31, tzinfo=UTC), 10**6) == FOREVER
    assert clock.between(at, at + timedelta(hours=1)) == 3600
    assert clock.between(at, at - timedelta(hours=1)) == 0
    for length in ("1d", "24h"):
        assert clock.due(at, parse_duration(length)) == clock.add(
            at, 23 * 3600 if length == "1d" else 24 * 3600
        )
    assert clock.day_due(at, 1) == parse_instant("2026-03-08T09:10:00-04:00")


def test_holidays_are_the_country_s_with_also_and_without_except() -> None:
    days = expand_holidays(
        Holidays(
            country="US",
            also=(date(2026, 12, 24), date(2050, 1, 3)),
            except_=(date(2026, 10, 12),),
        )
    )
    assert list(days) == sorted(set(days))
    assert date(2026, 7, 3) in days  # observed, for the 4th is a Saturday
    assert date(2021, 12, 31) in days  # observed for New Year 2022
    assert {date(2026, 12, 24), date(2050, 1, 3)} <= set(days)
    assert date(2026, 10, 12) not in days
    assert {day.year for day in days} == {*range(2020, 2046), 2050}


def test_a_subdivision_has_holidays_of_its_own() -> None:
    epiphany = date(2026, 1, 6)
    assert epiphany not in expand_holidays(Holidays(country="DE"))
    assert epiphany in expand_holidays(Holidays(country="DE", subdivision="BY"))
    assert expand_holidays(Holidays()) == ()


def test_a_country_that_fixes_holidays_late_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert expand_holidays(Holidays(country="IN"))


@pytest.mark.parametrize(
    ("country", "subdivision", "said"),
    [
        ("us", None, "'us' is not a country with known holidays; write US"),
        ("Narnia", None, "'Narnia' is not a country with known holidays; write an ISO 3166 code"),
        ("US", "Ny", "'Ny' is not a subdivision of US; write NY"),
        ("DE", "XQQ", "'XQQ' is not a subdivision of DE; write BB, BE"),
        (None, "NY", "subdivision 'NY' needs its country"),
    ],
)
def test_an_unknown_country_or_subdivision_is_answered_with_what_would_be_right(
    country: str | None, subdivision: str | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        expand_holidays(Holidays(country=country, subdivision=subdivision))


# A walk by minutes: open time as a row of flags, made of the rules' own words.

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


class Walk:
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
    lambda place, week, holidays: Walk(place[0], place[1], week, holidays),
    st.sampled_from([(tz, day) for tz, days in TURNS.items() for day in days]),
    WEEKS,
    st.frozensets(st.integers(-4, 10), max_size=3),
)
STARTS = st.integers(0, 9 * 1440)
WALKED = settings(max_examples=100, derandomize=True)


@WALKED
@given(walk=WALKS, start=STARTS, minutes=st.integers(1, 3000))
def test_a_due_instant_is_where_a_walk_by_minutes_has_used_up_the_time(
    walk: Walk, start: int, minutes: int
) -> None:
    left, place = minutes, start
    while left and place < len(walk.flags):
        left -= walk.flags[place]
        place += 1
    if not left:
        assert walk.calendar.add(walk.at(start), minutes * 60) == walk.at(place)


@WALKED
@given(walk=WALKS, start=STARTS, end=STARTS)
def test_the_open_time_between_two_instants_is_what_a_walk_counts(
    walk: Walk, start: int, end: int
) -> None:
    counted = 60 * sum(walk.flags[start:end])
    assert walk.calendar.between(walk.at(start), walk.at(end)) == counted


@WALKED
@given(walk=WALKS, start=STARTS)
def test_what_is_open_and_what_opens_is_what_a_walk_finds(walk: Walk, start: int) -> None:
    at, flags = walk.at(start), walk.flags
    assert walk.calendar.is_open(at) == bool(flags[start])
    if flags.find(1, start) >= 0:
        assert walk.calendar.next_open(at) == walk.at(flags.index(1, start))
    closed = flags.find(0, start)
    if closed >= 0 and flags.find(1, closed) >= 0:
        assert walk.calendar.next_opening(at) == walk.at(flags.index(1, closed))


@WALKED
@given(walk=WALKS, start=STARTS, days=st.integers(1, 3))
def test_a_due_day_is_the_one_a_walk_by_days_and_minutes_ends_in(
    walk: Walk, start: int, days: int
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
def test_adding_and_counting_undo_each_other_to_the_second(
    walk: Walk, start: int, more: int, seconds: int
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
def test_open_time_adds_up_over_the_years(walk: Walk, years: int, cuts: list[int]) -> None:
    end = walk.begin + timedelta(days=365 * years)
    places = sorted(
        {walk.begin, end, *(min(end, walk.begin + timedelta(days=cut)) for cut in cuts)}
    )
    total = sum(walk.calendar.between(*pair) for pair in pairwise(places))
    assert walk.calendar.between(walk.begin, end) == total
    assert walk.calendar.add(walk.begin, total) <= end
