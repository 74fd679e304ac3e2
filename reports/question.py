"""What a report is asked: from when, until when, as of when, by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from lifecycle.calendars.local_time import resolve
from reports.life import LeadLife
from reports.table import Report, Table

By = Literal[
    "week", "month", "program", "source", "door", "motion", "country", "team", "person", "hour"
]

UNKNOWN: Final = "not known"
"""The row of those for whom the grouping has no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. `since` is included, `until` is not; None: no limit."""

    as_of: datetime
    since: datetime | None = None
    until: datetime | None = None
    by: tuple[By, ...] = ()
    timezone: ZoneInfo

    def covers(self, at: datetime) -> bool:
        """Whether this instant is asked about."""
        after = self.since is None or at >= self.since
        return after and (self.until is None or at < self.until)

    def period(self, at: datetime, by: By) -> str:
        """The week (ISO 8601: `2026-W10`), month or hour of an instant, in the report's zone."""
        local = at.astimezone(self.timezone)
        if by == "week":
            year, week, _ = local.isocalendar()
            return f"{year}-W{week:02}"
        return f"{local:%Y-%m}" if by == "month" else f"{local:%H}:00"

    def day(self, at: datetime) -> str:
        """The day of an instant, in the report's zone: `2026-03-02`."""
        return f"{at.astimezone(self.timezone):%Y-%m-%d}"

    def week_begins(self, at: datetime) -> datetime:
        """Monday 00:00 of the week of an instant, in the report's zone."""
        local = at.astimezone(self.timezone)
        monday = local.date() - timedelta(days=local.weekday())
        return resolve(datetime.combine(monday, time()), self.timezone)

    def group(self, life: LeadLife, at: datetime, by: tuple[By, ...]) -> str:
        """The name of the row to which a lead belongs, at this instant, by these groupings."""
        return " · ".join(self._part(life, at, one) for one in by) or "all"

    def report(
        self,
        *,
        name: str,
        title: str,
        cohort: str,
        unit: str,
        n: int,
        still_open: int,
        notes: tuple[str, ...] = (),
        tables: tuple[Table, ...] = (),
    ) -> Report:
        """The report that answers this question: it repeats the times that were asked about."""
        return Report(
            name=name,
            title=title,
            cohort=cohort,
            as_of=self.as_of,
            since=self.since,
            until=self.until,
            timezone=self.timezone.key,
            unit=unit,
            n=n,
            still_open=still_open,
            notes=notes,
            tables=tables,
        )

    def _part(self, life: LeadLife, at: datetime, by: By) -> str:
        if by in ("week", "month", "hour"):
            return self.period(at, by)
        return _on_one_line(_OF_LIFE[by](life) or "") or UNKNOWN


def _on_one_line(text: str) -> str:
    """The text without line breaks and control characters: a row's name stands on a terminal."""
    if text.isprintable():
        return text
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _last_owner(life: LeadLife) -> str | None:
    attempts = life.handoffs[-1].attempts if life.handoffs else ()
    return attempts[-1].owner if attempts else None


_OF_LIFE: Final[dict[str, Callable[[LeadLife], str | None]]] = {
    "program": lambda life: life.about.program,
    "source": lambda life: life.about.source,
    "door": lambda life: life.about.door,
    "motion": lambda life: life.about.motion,
    "country": lambda life: life.about.country,
    "team": lambda life: life.team,
    "person": _last_owner,
}
