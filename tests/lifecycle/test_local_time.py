"""Local time, waits and send windows, across gaps and repeated hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.calendars.local_time import FOREVER, later, resolve, window_opening, zone
from models.durations import Duration, parse_duration
from models.hours import TimeBlock
from models.instants import parse_instant
from models.program.sending import SendWindow

NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def after(text: str, length: str, tz: str) -> datetime:
    return later(parse_instant(text), parse_duration(length), zone(tz))


def opening(window: dict[str, str], text: str, tz: str) -> datetime:
    return window_opening(SendWindow.model_validate(window), parse_instant(text), zone(tz))


@pytest.mark.parametrize(
    "name",
    ["", "localtime", "posixrules", "Factory", "../UTC", "/etc/localtime", "Mars/Base", "US"],
)
def test_a_name_that_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone; write an IANA name"):
        zone(name)


def test_the_error_for_an_unknown_time_zone_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean America/New_York"):
        zone("america/new_york")


@pytest.mark.parametrize(
    ("tz", "wall", "instant"),
    [
        (NEW_YORK, "2026-03-02T09:00", "2026-03-02T14:00:00Z"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:30:00Z"),
        (BERLIN, "2026-03-29T02:00", "2026-03-29T01:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45:00Z"),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T19:00:00Z"),
    ],
)
def test_a_local_time_in_a_gap_takes_the_offset_before_it(tz: str, wall: str, instant: str) -> None:
    for closing in (False, True):
        assert resolve(local(wall), zone(tz), closing=closing) == parse_instant(instant)


@pytest.mark.parametrize(
    ("tz", "wall", "first", "second"),
    [
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"),
        (BERLIN, "2026-10-25T02:00", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"),
    ],
)
def test_of_a_local_time_that_exists_twice_the_first_opens_and_the_second_closes(
    tz: str, wall: str, first: str, second: str
) -> None:
    assert resolve(local(wall), zone(tz)) == parse_instant(first)
    assert resolve(local(wall), zone(tz), closing=True) == parse_instant(second)


def test_hours_are_elapsed_time_across_a_gap() -> None:
    assert after("2026-03-08T00:30:00-05:00", "24h", NEW_YORK) == parse_instant(
        "2026-03-09T01:30:00-04:00"
    )


@pytest.mark.parametrize(
    ("start", "length", "end", "tz"),
    [
        ("2026-03-06T09:10:00-05:00", "3d", "2026-03-09T09:10:00-04:00", NEW_YORK),
        ("2026-10-30T09:10:00-04:00", "3d", "2026-11-02T09:10:00-05:00", NEW_YORK),
        ("2026-03-22T09:10:00+01:00", "1w", "2026-03-29T09:10:00+02:00", BERLIN),
        ("2026-03-07T02:30:00-05:00", "1d", "2026-03-08T03:30:00-04:00", NEW_YORK),
        ("2026-10-31T01:30:00-04:00", "1d", "2026-11-01T01:30:00-04:00", NEW_YORK),
        ("2026-11-01T01:30:00-05:00", "1d", "2026-11-02T01:30:00-05:00", NEW_YORK),
        ("2026-04-04T12:00:00+11:00", "1d", "2026-04-05T12:00:00+10:30", "Australia/Lord_Howe"),
        ("2011-12-29T12:00:00-10:00", "2d", "2011-12-31T12:00:00+14:00", "Pacific/Apia"),
    ],
)
def test_days_end_at_the_same_local_time(start: str, length: str, end: str, tz: str) -> None:
    assert after(start, length, tz) == parse_instant(end)


def test_no_days_after_the_second_of_two_equal_local_times_is_that_instant() -> None:
    second = parse_instant("2026-11-01T01:30:00-05:00")
    assert later(second, Duration(0, "d"), zone(NEW_YORK)) == second


def test_an_instant_beyond_the_calendar_is_forever_and_no_error() -> None:
    for unit in ("h", "d", "w"):
        assert after("9999-12-01T09:00:00Z", f"5000{unit}", BERLIN) == FOREVER
    assert opening({"hours": "08:00-18:00"}, "9999-12-31T23:00:00Z", BERLIN) == FOREVER


OFFICE = {"days": "mon-fri", "hours": "08:00-18:00"}
NIGHT = {"days": "fri", "hours": "22:00-06:00"}


@pytest.mark.parametrize(
    ("window", "at", "opens"),
    [
        (OFFICE, "2026-03-02T08:00:00-05:00", "2026-03-02T08:00:00-05:00"),
        (OFFICE, "2026-03-02T17:59:59-05:00", "2026-03-02T17:59:59-05:00"),
        (OFFICE, "2026-03-02T18:00:00-05:00", "2026-03-03T08:00:00-05:00"),
        (OFFICE, "2026-03-02T07:59:59-05:00", "2026-03-02T08:00:00-05:00"),
        (OFFICE, "2026-03-06T18:00:00-05:00", "2026-03-09T08:00:00-04:00"),
        (NIGHT, "2026-03-06T21:00:00-05:00", "2026-03-06T22:00:00-05:00"),
        (NIGHT, "2026-03-07T05:59:59-05:00", "2026-03-07T05:59:59-05:00"),
        (NIGHT, "2026-03-07T06:00:00-05:00", "2026-03-13T22:00:00-04:00"),
        (NIGHT, "2026-03-06T05:00:00-05:00", "2026-03-06T22:00:00-05:00"),
        # the gap: opened with the offset before it, and one week's opening is swallowed
        ({"days": "sun", "hours": "02:15-02:45"}, "2026-03-08T00:00:00-05:00",
         "2026-03-08T03:15:00-04:00"),
        ({"days": "sun", "hours": "02:30-03:15"}, "2026-03-08T00:00:00-05:00",
         "2026-03-15T02:30:00-04:00"),
        # the repeated hour: open from the first opening to the second closing
        ({"days": "sun", "hours": "00:30-01:30"}, "2026-11-01T01:29:59-05:00",
         "2026-11-01T01:29:59-05:00"),
        ({"hours": "00:00-24:00"}, "2026-11-01T01:29:59-05:00", "2026-11-01T01:29:59-05:00"),
    ],
)  # fmt: skip
def test_a_window_includes_its_start_and_excludes_its_end(
    window: dict[str, str], at: str, opens: str
) -> None:
    assert opening(window, at, NEW_YORK) == parse_instant(opens)


def test_a_window_on_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="no day at all"):
        SendWindow.model_validate({"days": [], "hours": "08:00-18:00"})


TURNS = {
    NEW_YORK: ("2026-03-08", "2026-11-01"),
    BERLIN: ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Pacific/Apia": ("2011-12-30", "2012-04-01"),
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),
    "America/St_Johns": ("2010-11-07", "2011-03-13"),
    "America/Sao_Paulo": ("2018-02-18", "2018-11-04"),
    "UTC": ("2026-01-01",),
}
PLACES = st.sampled_from([(tz, day) for tz, days in TURNS.items() for day in days])


@settings(max_examples=150, derandomize=True)
@given(
    place=PLACES,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.integers(0, 1439),
    length=st.integers(1, 1440),
    minutes=st.integers(-3 * 1440, 3 * 1440),
)
def test_a_window_opens_when_a_walk_by_minutes_says(
    place: tuple[str, str], days: frozenset[int], start: int, length: int, minutes: int
) -> None:
    tz, turn = zone(place[0]), local(place[1])
    window = SendWindow(days=days, hours=TimeBlock(start, start + length))
    at = turn.replace(tzinfo=UTC) + timedelta(minutes=minutes)
    walked = bytearray(20 * 1440)
    for day in (turn + timedelta(days=n) for n in range(-8, 30)):
        if day.weekday() in days:
            opens = resolve(day + timedelta(minutes=start), tz)
            closes = resolve(day + timedelta(minutes=start + length), tz, closing=True)
            first, last = ((one - at) // timedelta(minutes=1) for one in (opens, closes))
            first, last = (min(max(one, 0), len(walked)) for one in (first, last))
            walked[first:last] = b"\1" * max(0, last - first)
    assert window_opening(window, at, tz) == at + timedelta(minutes=walked.index(1))
