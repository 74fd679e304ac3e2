"""The holidays of a country, with the days a program adds and takes away."""

from __future__ import annotations

import warnings
from datetime import date

import pytest

from lifecycle.calendars.holidays import expand_holidays
from models.program.handoff import Holidays


def test_holidays_are_those_of_the_country_plus_also_minus_except() -> None:
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
    ("country", "subdivision", "expected"),
    [
        ("us", None, "'us' is not a country with known holidays; write US"),
        ("Narnia", None, "'Narnia' is not a country with known holidays; write an ISO 3166 code"),
        ("US", "Ny", "'Ny' is not a subdivision of US; write NY"),
        ("DE", "XQQ", "'XQQ' is not a subdivision of DE; write BB, BE"),
        (None, "NY", "subdivision 'NY' needs its country"),
    ],
)
def test_the_error_for_an_unknown_country_or_subdivision_says_what_would_be_right(
    country: str | None, subdivision: str | None, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        expand_holidays(Holidays(country=country, subdivision=subdivision))
