"""A team's office time, by which the time of people is counted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lifecycle.program.rulebook import OpenTime, rulebook
from models.program.program import Program
from reports.life import Hold


def office_hours(program: Program, team: str | None) -> OpenTime:
    """The open time of a team: by the first route that names it, else by the accept clock.

    Without a calendar all time is open.
    """
    book, handoff = rulebook(program), program.handoff
    if handoff is None:
        return book.open_time(None, book.zone)
    of_routes = [route.calendar for route in handoff.routing if route.team == team]
    of_clocks = [clock.calendar for clock in handoff.clocks("accept")]
    named = [one for one in (*of_routes, *of_clocks) if one is not None]
    return book.open_time(named[0] if named else None, book.zone)


def counted_seconds(
    office: OpenTime, holds: Iterable[Hold], clock: str, start: datetime, end: datetime
) -> int:
    """The open seconds from `start` to `end` in which this clock was not held."""
    seconds = office.between(start, end)
    held_until = start
    for hold in sorted(holds, key=lambda one: one.at):
        if hold.clocks and clock not in hold.clocks:
            continue
        begins, ends = max(hold.at, held_until), min(hold.ended or end, end)
        if ends > begins:
            seconds -= office.between(begins, ends)
            held_until = ends
    return seconds
