"""Who gets a lead: the fair choice among a team's members (docs/language.md section 6).

The member with the lowest share is next. A share grows by 1 ÷ weight with each assignment. A new
member starts at the team's lowest share, and whoever is absent or at capacity is kept in line with
the others, so nobody is owed leads. Shares are exact fractions.

A team may have thousands of members, and an assignment looks at each of them: so what is the same
for many members (their share, the day in their time zone) is compared or computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from lifecycle.calendars.local_time import zone
from models.decision import Assign, CountAssignment
from models.directory import Team

Why = Literal["capacity", "absent", "tried", "empty"]
Obstacles = Mapping[str, tuple[Why, ...]]
"""What keeps each member of a team from getting a lead; nothing for those available."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An owner, or why there is none."""

    owner: str | None = None
    why: Why | None = None


def obstacles(
    team: Team, asked: Assign | CountAssignment, loads: Mapping[str, int]
) -> dict[str, tuple[Why, ...]]:
    """What keeps each member from this lead, in the order capacity, absent, tried.

    `loads`: how many other leads each member owns in mql, sal and sql, in all teams.
    """
    days: dict[str | None, date] = {}
    found: dict[str, tuple[Why, ...]] = {}
    for one in team.members:
        obstacles: tuple[Why, ...] = ()
        if one.capacity is not None and loads.get(one.email, 0) >= one.capacity:
            obstacles += ("capacity",)
        if one.away:
            if one.timezone not in days:
                days[one.timezone] = _day(asked, one.timezone)
            if any(absence.from_ <= days[one.timezone] <= absence.to for absence in one.away):
                obstacles += ("absent",)
        if one.email in asked.tried:
            obstacles += ("tried",)
        found[one.email] = obstacles
    return found


def choose(asked: Assign, hindered: Obstacles, shares: Mapping[str, Fraction]) -> Choice:
    """The member who gets the lead, or the first reason why nobody does.

    `hindered` is from `obstacles`, in file order, and `shares` from `in_line`. The reasons are
    tried in the order capacity, absent, tried, empty; the first that keeps a member out is
    returned.
    """
    free = [email for email, found in hindered.items() if not found]
    if not free:
        seen = {why for found in hindered.values() for why in found}
        order: tuple[Why, ...] = ("capacity", "absent", "tried", "empty")
        return Choice(why=next((why for why in order if why in seen), "empty"))
    if asked.prefer in free:
        return Choice(owner=asked.prefer)
    lowest = _lowest(shares[email] for email in free)
    return Choice(owner=next(email for email in free if shares[email] == lowest))


def in_line(hindered: Obstacles, shares: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """A share for every member, as they are when an assignment is made, before it is counted.

    A member without a share is new and starts at the team's lowest. A member who is absent or at
    capacity, and whose share is below the lowest of those available, is raised to it: nobody saves
    up while unavailable. A member who had this handoff is not raised.

    The caller keeps the result, so a member is new only once. Members who left the team are not in
    the result, so a member who returns is new.
    """
    start = _lowest(shares[email] for email in hindered if email in shares) or Fraction(0)
    found = {email: shares.get(email, start) for email in hindered}
    lowest = _lowest(found[email] for email, by in hindered.items() if not by)
    if lowest is not None:
        for email, by in hindered.items():
            if by and "tried" not in by and found[email] < lowest:
                found[email] = lowest
    return found


def counted(team: Team, shares: Mapping[str, Fraction], owner: str) -> dict[str, Fraction]:
    """The shares once this member was given one more lead; nobody else's share changes."""
    grown = dict(shares)
    for one in team.members:
        if one.email == owner:
            grown[owner] += Fraction(1, one.weight)
    return grown


def _lowest(shares: Iterable[Fraction]) -> Fraction | None:
    """The lowest share, None without any. Equal shares are mostly one object: compared once."""
    return min({id(share): share for share in shares}.values(), default=None)


def _day(asked: Assign | CountAssignment, timezone: str | None) -> date:
    """The day on which somebody with this time zone is asked."""
    try:
        here = zone(timezone or asked.timezone)
    except ValueError:  # an unknown name must not leave a lead without an owner
        here = zone(asked.timezone)
    return asked.at.astimezone(here).date()
