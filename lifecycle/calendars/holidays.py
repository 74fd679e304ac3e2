"""The holidays of a calendar, as dates."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

import holidays as holiday_library
from holidays.registry import EntityLoader

from models.program.handoff import Holidays

_HOLIDAY_YEARS = range(2020, 2046)


def expand_holidays(holidays: Holidays) -> tuple[date, ...]:
    """The dates on which a calendar is closed, in order.

    These are the country's public holidays of 2020 to 2045, with observed days, plus `also`, minus
    `except`. Raises ValueError for an unknown country or subdivision.
    """
    days = set(holidays.also)
    if holidays.country is not None:
        # `list_supported_countries` would import 250 countries to look at one.
        countries = set(EntityLoader.get_country_codes(include_aliases=True))
        if holidays.country not in countries:
            raise ValueError(
                _unknown(
                    "a country with known holidays", holidays.country, countries, "an ISO 3166 code"
                )
            )
        regions = getattr(holiday_library, holidays.country).subdivisions
        if holidays.subdivision is not None and holidays.subdivision not in regions:
            what = f"a subdivision of {holidays.country}"
            raise ValueError(_unknown(what, holidays.subdivision, regions))
        with warnings.catch_warnings():
            # Some countries fix their holidays only some years ahead. What is known today is used.
            warnings.simplefilter("ignore", UserWarning)
            found = holiday_library.country_holidays(
                holidays.country, subdiv=holidays.subdivision, years=_HOLIDAY_YEARS
            )
        days.update(day for day in found if day.year in _HOLIDAY_YEARS)
    elif holidays.subdivision is not None:
        raise ValueError(f"subdivision '{holidays.subdivision}' needs its country beside it")
    return tuple(sorted(days - set(holidays.except_)))


def _unknown(what: str, name: str, known: Iterable[str], example: str = "") -> str:
    names = list(known)
    folded = {one.lower(): one for one in reversed(names)}
    near = [folded[one] for one in get_close_matches(name.lower(), folded, n=3, cutoff=0.8)]
    hint = " or ".join(near) or example or ", ".join(names) or "none: it has no subdivisions"
    return f"'{name}' is not {what}; write {hint}"
