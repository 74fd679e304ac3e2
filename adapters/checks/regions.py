"""Holidays of a country whose regions have more of them than the country as a whole.

In the United Kingdom Easter Monday is a holiday everywhere but in Scotland, so the country alone
does not have it. In the United States a minority of states has days of its own: there the country
is enough.
"""

from __future__ import annotations

import warnings
from collections import Counter
from datetime import date
from functools import lru_cache

import holidays as holiday_library
from holidays.registry import EntityLoader

from adapters.documents.marked import Node

_YEAR = 2027
"""Any year does: a year without holidays on odd weekdays, in which all are known."""


def warn_of_missing_subdivisions(root: Node) -> None:
    """Warn of holidays that leave out days which most regions of the country have."""
    windows = [root.get("sending"), *root.get("emails").values()]
    calendars = [*root.get("calendars").values(), *(one.get("send_window") for one in windows)]
    for closed in (one.get("holidays") for one in calendars):
        country = closed.get("country").text
        if country is None or closed.get("subdivision").value is not None:
            continue
        if missed := missed_days(country):
            names, regions = _shown(missed), _regions(country)
            closed.get("country").warn(
                f"'{country}' alone leaves out {names}, which most of its regions have;"
                f" add a subdivision: {', '.join(regions[:8])}{', …' if len(regions) > 8 else ''}"
            )


@lru_cache(maxsize=32)
def missed_days(country: str) -> tuple[tuple[date, str], ...]:
    """Days, with their names, that more than half of the regions have and the country has not."""
    if country not in EntityLoader.get_country_codes(include_aliases=True):
        return ()
    regions = _regions(country)
    if not regions:
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some names of regions are deprecated, not wrong
        whole = holiday_library.country_holidays(country, years=_YEAR)
        counts: Counter[date] = Counter()
        names: dict[date, str] = {}
        for region in regions:
            own = holiday_library.country_holidays(
                country, subdiv=region, years=_YEAR, language=_language(country)
            )
            counts.update(day for day in own if day not in whole)
            names |= {day: own[day] for day in own}
    return tuple(
        (day, names[day]) for day, count in sorted(counts.items()) if 2 * count > len(regions)
    )


def _regions(country: str) -> tuple[str, ...]:
    return tuple(getattr(holiday_library, country).subdivisions)


def _language(country: str) -> str | None:
    return "en_US" if "en_US" in getattr(holiday_library, country).supported_languages else None


def _shown(missed: tuple[tuple[date, str], ...]) -> str:
    names = list(dict.fromkeys(name.removesuffix(" (observed)") for _, name in missed))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
