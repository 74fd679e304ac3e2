"""Business time: each rule by example. `test_business_time_walk.py` compares it with a walk."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lifecycle.calendars.business_time import (
    BusinessCalendar,
    always_open,
    business_calendar,
)
from lifecycle.calendars.local_time import FOREVER, zone
from models.durations import parse_duration
from models.instants import parse_instant, write_instant
from models.program.handoff import Calendar

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


def test_nothing_is_due_before_its_start_even_if_the_hours_of_the_due_day_are_over() -> None:
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


def test_a_day_whose_block_lies_in_a_gap_is_no_open_day() -> None:
    sundays = calendar({"sun": "02:30-03:15"})
    assert due(sundays, "2026-03-01T02:45:00-05:00", "1d") == utc("2026-03-15T02:45:00-04:00")


def test_the_hours_of_a_skipped_date_and_of_the_next_count_once() -> None:
    apia = calendar({"mon-sun": "09:00-17:00"}, tz="Pacific/Apia")
    start, end = (parse_instant(f"2011-12-{day}:00:00Z") for day in ("29T12", "31T12"))
    # Thursday 29th and Saturday 31st: the 30th did not exist.
    assert apia.between(start, end) == 2 * 8 * 3600


def test_the_next_opening_is_later_than_now_but_the_next_open_instant_may_be_now() -> None:
    office = calendar(SPLIT)
    nine, noon, half_past = (
        parse_instant(f"2026-03-05T{clock}:00-05:00") for clock in ("09:00", "12:00", "12:30")
    )
    after_lunch = parse_instant("2026-03-05T13:30:00-05:00")
    assert (office.next_open(nine), office.next_opening(nine)) == (nine, after_lunch)
    assert (office.next_open(noon), office.next_opening(noon)) == (noon, after_lunch)
    assert office.next_open(half_past) == office.next_opening(half_past) == after_lunch


def test_a_calendar_that_never_closes_never_opens() -> None:
    at = parse_instant("2026-12-30T12:00:00Z")
    assert calendar(AROUND).next_opening(at) == FOREVER
    closed_once = calendar(AROUND, "2028-05-01")
    assert closed_once.next_opening(at) == parse_instant("2028-05-02T04:00:00Z")
    assert closed_once.next_opening(parse_instant("2028-05-02T04:00:00Z")) == FOREVER


def test_zero_seconds_end_at_the_next_open_instant() -> None:
    office = calendar(SPLIT)
    at = parse_instant("2026-03-05T18:00:00-05:00")
    assert office.add(at, 0) == office.day_due(at, 0) == office.next_open(at)


def test_time_beyond_the_calendar_is_closed_and_ends_the_search() -> None:
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
