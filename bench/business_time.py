"""How long a due instant five years ahead takes: `python bench/business_time.py`."""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lifecycle.calendars.business_time import business_calendar
from lifecycle.calendars.holidays import expand_holidays
from models.durations import Duration
from models.program.handoff import Calendar, Holidays

START = datetime(2026, 3, 2, 15, tzinfo=UTC)
FIVE_YEARS = START + timedelta(days=5 * 365)


def office() -> Calendar:
    """A split shift in New York, closed on the country's holidays."""
    return Calendar.model_validate(
        {
            "timezone": "America/New_York",
            "hours": {
                "mon-thu": ["09:00-12:30", "13:30-18:00"],
                "fri": ["09:00-12:30", "13:30-16:00"],
            },
            "holidays": {"dates": expand_holidays(Holidays(country="US"))},
        }
    )


def row(what: str, ask: Callable[[], object], times: int) -> None:
    """Print the best of five rounds."""
    best = min(timeit.repeat(ask, number=times, repeat=5)) / times
    print(f"{what:<52}{best * 1e6:>12.1f} µs")


def main() -> None:
    """Print the table."""
    calendar = office()
    open_time = business_calendar(calendar, "UTC")
    hours = Duration(open_time.between(START, FIVE_YEARS) // 3_600, "h")
    days = Duration(5 * 250, "d")

    def cold() -> datetime:
        business_calendar.cache_clear()
        return business_calendar(calendar, "UTC").due(START, hours)

    print(f"from {START:%Y-%m-%d} to {open_time.due(START, hours):%Y-%m-%d}")
    row(f"{hours} of open time, calendar not yet expanded", cold, 1)
    row(f"{hours} of open time", lambda: open_time.due(START, hours), 10_000)
    row(f"{days} of open days", lambda: open_time.due(START, days), 10_000)
    row("open time between", lambda: open_time.between(START, FIVE_YEARS), 10_000)
    row("4h of open time", lambda: open_time.due(START, Duration(4, "h")), 10_000)
    row("the calendar from the cache", lambda: business_calendar(calendar, "UTC"), 10_000)


if __name__ == "__main__":
    main()
