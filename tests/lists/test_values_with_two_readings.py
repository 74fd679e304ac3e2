"""A value with one reading is read; one with two is refused with both; a hint is right or absent."""

from __future__ import annotations

import pytest

from lifecycle.calendars.local_time import zone
from lifecycle.program.dates import read_date
from lifecycle.program.numbers import plain_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02", "2026-03-02"),
        ("2026-03-02T09:00:00Z", "2026-03-02"),
        ("2026/3/2", "2026-03-02"),
        ("13/02/2026", "2026-02-13"),
        ("02/13/2026", "2026-02-13"),
        ("02.02.2026", "2026-02-02"),
        ("Mar 2, 2026", "2026-03-02"),
        ("2-Sep-2026", "2026-09-02"),
        ("2 March 2026", "2026-03-02"),
    ],
)
def test_a_date_with_one_reading_is_read(text: str, expected: str) -> None:
    assert read_date(text).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("3/2/2026", "2026-02-03 or 2026-03-02"),
        ("02.03.2026", "2026-02-03 or 2026-03-02"),
        ("11/1/16", "2011-01-16 or 2016-11-01"),
        ("13/02/99", "1999-02-13 or 2099-02-13"),
        ("46083", "2026-03-02 or 2030-03-03"),
        ("2026-02-30", "is not a date"),
        ("00-00-0000", "is not a date"),
        ("Mars 2, 2026", "is not a date"),
    ],
)
def test_a_date_with_two_readings_or_none_is_refused(text: str, readings: str) -> None:
    with pytest.raises(ValueError, match=readings):
        read_date(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250", "250"),
        ("1,200,000", "1200000"),
        ("1 200", "1200"),
        ("1'200", "1200"),
        ("1.200,50", "1200.50"),
        ("-1,200.5", "-1200.5"),
        ("1200,5", "1200.5"),
        ("12.5", "12.5"),
    ],
)
def test_a_number_with_one_reading_is_read(text: str, expected: str) -> None:
    assert plain_number(text) == expected


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1.200", "1200 or 1.2"),
        ("1,200", "1200 or 1.2"),
        ("4.91512E+11", "from 491511500000 to 491512499999"),
        ("1_000", "is not a number"),
        ("nan", "is not a number"),
        ("11-50", "is not a number"),
    ],
)
def test_a_number_with_two_readings_or_none_is_refused(text: str, readings: str) -> None:
    with pytest.raises(ValueError, match=readings):
        plain_number(text)


@pytest.mark.parametrize(
    "text", ["GMT+1", "Z", "PST", "UTC+1", "MEZ", "Mars/Base", "CEST", "Etc/GMT+20"]
)
def test_no_zone_is_offered_that_is_another(text: str) -> None:
    with pytest.raises(ValueError, match="write an IANA name like Europe/Berlin") as refused:
        zone(text)
    assert "did you mean" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
    ],
)
def test_a_city_and_a_slip_of_the_pen_are_recognised(text: str, offered: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {offered}"):
        zone(text)
