"""Business time: arithmetic with the open hours of a calendar.

A calendar's blocks are expanded into intervals of instants, a year at a time, with running sums.
So a due instant years ahead costs a few look-ups. Calendars go from 1970 to the end of 2199 and
are closed outside. A time that would end later ends at FOREVER.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from lifecycle.calendars.local_time import EPOCH, FOREVER, block_span, later, resolve, zone
from lifecycle.calendars.open_spans import OpenYear, Span, joined, open_year
from models.durations import Duration
from models.hours import TimeBlock
from models.program.handoff import Calendar

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_SECOND = timedelta(seconds=1)


def _seconds(at: datetime) -> int:
    return (at - EPOCH) // _SECOND


def _instant(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


class BusinessCalendar:
    """The open time of one calendar. Make it with `business_calendar()`.

    All instants are aware; results are UTC in whole seconds. The value never changes: expanded
    years are only cached.
    """

    def __init__(
        self,
        tz: ZoneInfo,
        week: tuple[tuple[TimeBlock, ...], ...],
        holidays: frozenset[date],
    ) -> None:
        self.timezone = tz
        # Blocks of one day are joined before they become instants. Otherwise two blocks that touch
        # in a repeated or missing hour would have a closing between them.
        self._week = tuple(
            tuple(TimeBlock(*span) for span in joined((b.start, b.end) for b in blocks))
            for blocks in week
        )
        self._holidays = holidays
        self._last_holiday = max((day.year for day in holidays), default=_FIRST_YEAR)
        self._days: dict[int, tuple[Span, ...]] = {}
        self._years: dict[int, OpenYear] = {}

    def is_open(self, at: datetime) -> bool:
        """Whether `at` is open. The opening instant is open, the closing instant is not."""
        return self._is_open(_seconds(at))

    def next_open(self, at: datetime) -> datetime:
        """`at` if it is open, else the next opening."""
        second = _seconds(at)
        return _instant(second) if self._is_open(second) else self.next_opening(at)

    def next_opening(self, at: datetime) -> datetime:
        """The next instant after `at` at which closed time becomes open.

        A block that begins in open time is no opening (midnight, in a calendar that never closes).
        FOREVER if there is no such instant.
        """
        second = _seconds(at)
        # After the last holiday all weeks are alike, so two more years are enough to find it.
        settled = max(at.astimezone(UTC).year, self._last_holiday) + 2
        for number in self._years_from(at, settled):
            year = self._year(number)
            for n in range(bisect_right(year.starts, second), len(year.starts)):
                # Only the first span of a year can continue a span of the year before.
                if n or not self._is_open(year.starts[n] - 1):
                    return _instant(year.starts[n])
        return FOREVER

    def add(self, at: datetime, seconds: int) -> datetime:
        """The first instant at which `seconds` of open time from `at` are used up.

        If that is a closing, it is not moved to the next opening. A start outside open hours first
        moves to the next opening; with no seconds to count, that is the result.
        """
        if seconds <= 0:
            return self.next_open(at)
        start = _seconds(at)
        for number in self._years_from(at):
            year = self._year(number)
            wanted = year.until(start) + seconds
            if wanted <= year.total:
                n = bisect_left(year.sums, wanted)
                return _instant(year.ends[n] - (year.sums[n] - wanted))
            seconds = wanted - year.total
        return FOREVER

    def between(self, start: datetime, end: datetime) -> int:
        """Open seconds from `start` to `end`; 0 if `end` is not later."""
        if end <= start:
            return 0
        first, last = start.astimezone(UTC).year, end.astimezone(UTC).year
        return (
            sum(
                self._year(number).total
                for number in range(max(first, _FIRST_YEAR), min(last, _LAST_YEAR + 1))
            )
            + self._until(last, end)
            - self._until(first, start)
        )

    def day_due(self, at: datetime, days: int) -> datetime:
        """When `Nd` from `at` end: on the N-th open day after the start day.

        The start day is the day of the block in which the start lies (if two blocks overlap: of the
        later one). A start outside open hours first moves to the next opening. The local time is
        that of the start, counted from midnight of the start day (02:00 in a block from 22:00 to
        06:00 is 26:00). It is moved into the hours of the due day.
        """
        start = self.next_open(at)
        if start == FOREVER or days <= 0:
            return start
        local = start.astimezone(self.timezone).replace(tzinfo=None)
        start_day = self._day_of(_seconds(start), local.toordinal())
        due_day = self._open_day_after(start_day, days)
        if due_day is None:
            return FOREVER
        on = _seconds(resolve(local + timedelta(days=due_day - start_day), self.timezone))
        spans = self._day(due_day)
        # Within its hours the time stays. Before an opening, or in a break, it is that opening.
        due = next((max(on, opening) for opening, closing in spans if on < closing), spans[-1][1])
        # A night block may end after the hours of the next day. Nothing is due before its start.
        return max(start, _instant(due))

    def due(self, at: datetime, duration: Duration) -> datetime:
        """When a clock of this length from `at` is due.

        `m` and `h` count open time, `d` open days; `w` are 7 open days each.
        """
        if duration.in_days:
            return self.day_due(at, duration.days)
        return self.add(at, duration.elapsed // _SECOND)

    @staticmethod
    def _years_from(at: datetime, until: int = _LAST_YEAR + 1) -> range:
        return range(max(at.astimezone(UTC).year, _FIRST_YEAR), min(until, _LAST_YEAR + 1))

    def _is_open(self, second: int) -> bool:
        return self._year(_instant(second).year).is_open(second)

    def _until(self, number: int, at: datetime) -> int:
        return self._year(number).until(_seconds(at))

    def _year(self, number: int) -> OpenYear:
        found = self._years.get(number)
        if found is None:
            found = self._years[number] = self._expand(number)
        return found

    def _expand(self, number: int) -> OpenYear:
        if not _FIRST_YEAR <= number <= _LAST_YEAR:
            return open_year((), 0, 0, ())
        first, after = date(number, 1, 1).toordinal(), date(number + 1, 1, 1).toordinal()
        begin, end = (_seconds(datetime(n, 1, 1, tzinfo=UTC)) for n in (number, number + 1))
        # Local days around New Year reach into this UTC year too. Overlapping blocks of two days
        # are joined, so that no second counts twice.
        around = (span for day in range(first - 3, after + 3) for span in self._day(day))
        return open_year(around, begin, end, filter(self._day, range(first, after)))

    def _day(self, ordinal: int) -> tuple[Span, ...]:
        """The spans that begin on a day, in order; none on a holiday."""
        found = self._days.get(ordinal)
        if found is None:
            day = date.fromordinal(ordinal)
            blocks = () if day in self._holidays else self._week[day.weekday()]
            spans = (block_span(ordinal, block, self.timezone) for block in blocks)
            found = self._days[ordinal] = joined(spans)
        return found

    def _day_of(self, second: int, today: int) -> int:
        """The day of the block that is open at `second`; the latest if blocks overlap."""
        # Where clocks go back over midnight, tomorrow's block may have begun. Where a whole day is
        # skipped, a block of two days ago may be open.
        candidates = range(today + 1, today - 3, -1)
        return next(
            day
            for day in candidates
            if any(opening <= second < closing for opening, closing in self._day(day))
        )

    def _open_day_after(self, day: int, count: int) -> int | None:
        for number in range(date.fromordinal(day).year, _LAST_YEAR + 1):
            days = self._year(number).days
            place = bisect_right(days, day) + count - 1
            if place < len(days):
                return days[place]
            count = place - len(days) + 1
        return None


@dataclass(frozen=True, slots=True)
class AlwaysOpen:
    """All time is open: for clocks without a calendar. It has the methods of BusinessCalendar."""

    timezone: ZoneInfo

    def is_open(self, at: datetime) -> bool:  # noqa: ARG002 - the interface has it
        """Always."""
        return True

    def next_open(self, at: datetime) -> datetime:
        """`at` itself."""
        return at.astimezone(UTC)

    def next_opening(self, at: datetime) -> datetime:  # noqa: ARG002 - the interface has it
        """FOREVER: it never closes, so it never opens."""
        return FOREVER

    def add(self, at: datetime, seconds: int) -> datetime:
        """`at` plus `seconds`."""
        try:
            return at.astimezone(UTC) + timedelta(seconds=max(seconds, 0))
        except OverflowError:
            return FOREVER

    def between(self, start: datetime, end: datetime) -> int:
        """Seconds from `start` to `end`; none if `end` is not later."""
        return max(0, (end - start) // _SECOND)

    def day_due(self, at: datetime, days: int) -> datetime:
        """The same local time, `days` calendar days later."""
        return later(at, Duration(days, "d"), self.timezone)

    def due(self, at: datetime, duration: Duration) -> datetime:
        """When a clock of this length from `at` is due."""
        return later(at, duration, self.timezone)


@lru_cache(maxsize=256)
def business_calendar(calendar: Calendar, default_timezone: str) -> BusinessCalendar:
    """The calendar's open time; `default_timezone` (the program's) where it names none.

    Holidays are the dates that were filled in when the program was read; without them, `also`
    without `except`.
    Raises ValueError for an unknown time zone.
    """
    tz = zone(calendar.timezone or default_timezone)
    return BusinessCalendar(tz, calendar.hours, calendar.holidays.days)


@lru_cache(maxsize=256)
def always_open(timezone: str) -> AlwaysOpen:
    """All time, its days in this time zone. Raises ValueError for an unknown one."""
    return AlwaysOpen(zone(timezone))
