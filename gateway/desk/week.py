"""My week, and the lists behind the numbers of what people did."""

# Annotations are not postponed here: they name dependencies that the router makes.

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from adapters.reports.desk_figures import NAMES, WEEK, figures_within
from adapters.reports.figures import Asking, SqlFigures
from gateway.web.desk_session import DeskProblemError, DeskUser, desk_user
from gateway.web.pages import page
from lifecycle.calendars.local_time import resolve
from usecases.context import Context

_MOST_WEEKS_AGO = 520
_PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days where the person is; the last day is not part of them."""

    first: date
    until: date

    def instants(self, user: DeskUser) -> tuple[datetime, datetime]:
        """When they begin and end."""
        first, until = (
            resolve(datetime.combine(one, time()), user.zone) for one in (self.first, self.until)
        )
        return first, until

    def path(self, figure: str, person: str) -> str:
        """The list of a figure of a person in these days."""
        words = {"person": person, "first": self.first, "until": self.until}
        return f"/desk/week/{figure}?{urlencode(words)}"


@dataclass(frozen=True, slots=True)
class DidNumber:
    """A number of what a person did, with its list."""

    title: str
    value: int
    path: str


def router(context: Context) -> APIRouter:
    """The routes of the week and of its lists."""
    routes = APIRouter(include_in_schema=False)
    current_user = desk_user(context)
    figures = SqlFigures(context.database)

    @routes.get("/desk/week")
    def week(
        user: Annotated[DeskUser, Depends(current_user)],
        ago: Annotated[int, Query(ge=0, le=_MOST_WEEKS_AGO)] = 0,
    ) -> HTMLResponse:
        """Show what I did in this week, or in an earlier one."""
        days = week_of(context.now().astimezone(user.zone).date(), ago)
        return page(
            "week.html",
            context,
            zone=user.zone,
            user=user,
            days=days,
            last=days.until - timedelta(days=1),
            ago=ago,
            numbers=[DidNumber(*_counted(figures, context, user, days, name)) for name in WEEK],
        )

    @routes.get("/desk/week/{figure}")
    def listed(
        figure: str,
        user: Annotated[DeskUser, Depends(current_user)],
        days: Annotated[Days, Depends(_days)],
        person: Annotated[str, Query(max_length=200)] = "",
        number: _PageNumber = 1,
    ) -> HTMLResponse:
        """Show the leads that a number counts, the earliest first."""
        person = person or user.person
        if figure not in NAMES or not _may_ask(user, person):
            raise DeskProblemError(404, "There is no such list.")
        try:
            asked = figures_within(*days.instants(user))(figure)
        except (OverflowError, ValueError):
            raise DeskProblemError(404, "There is no such list.") from None
        at = _asking(context, user)
        shown = figures.listed(asked, at, only={"person": person}, number=number)
        hidden = frozenset(
            one.lead
            for one in shown.lines
            if (line := context.reports.line(one.lead)) is None or not user.viewer.sees(line)
        )
        return page(
            "week_list.html",
            context,
            zone=user.zone,
            user=user,
            title=asked.title,
            person=person,
            days=days,
            last=days.until - timedelta(days=1),
            shown=shown,
            hidden=hidden,
            path=days.path(figure, person),
        )

    return routes


def _days(first: date, until: date) -> Days:
    """A dependency that reads the days from the URL."""
    if until <= first:
        raise DeskProblemError(404, "There is no such list.")
    return Days(first, until)


def week_of(today: date, ago: int) -> Days:
    """The week from Monday on that was so many weeks ago."""
    monday = today - timedelta(days=today.weekday(), weeks=ago)
    return Days(monday, monday + timedelta(days=7))


def numbers_of_people(
    context: Context, user: DeskUser, days: int, names: Sequence[str]
) -> Callable[[str, str], DidNumber]:
    """What everybody did in the last days, today included: a number by figure and person."""
    tomorrow = context.now().astimezone(user.zone).date() + timedelta(days=1)
    asked = Days(tomorrow - timedelta(days=days), tomorrow)
    within = figures_within(*asked.instants(user))
    figures, at = SqlFigures(context.database), _asking(context, user)
    counted = {name: figures.count([within(name)], at, by=("person",)) for name in names}

    def number(name: str, person: str) -> DidNumber:
        cell = counted[name].get((person,), {}).get(name)
        value = cell.number if cell is not None else 0
        return DidNumber(within(name).title, value, asked.path(name, person))

    return number


def _asking(context: Context, user: DeskUser) -> Asking:
    now = context.now()
    local = now.astimezone(user.zone)
    return Asking(now=now, today=local.replace(hour=0, minute=0, second=0, microsecond=0))


def _counted(
    figures: SqlFigures, context: Context, user: DeskUser, days: Days, name: str
) -> tuple[str, int, str]:
    figure = figures_within(*days.instants(user))(name)
    cells = figures.count([figure], _asking(context, user), only={"person": user.person})
    value = sum(one[name].number for one in cells.values())
    return figure.title, value, days.path(name, user.person)


def _may_ask(user: DeskUser, person: str) -> bool:
    """Whether this is the user, or a member of a team that they manage."""
    return person == user.person or bool(
        user.people.teams_of(person) & user.people.managed_by(user.person)
    )
