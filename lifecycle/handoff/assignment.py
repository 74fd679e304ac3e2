"""Who gets a lead: the fair choice among a team's members (docs/language.md section 6).

The member with the lowest ratio (assignments so far ÷ weight) is next. A new member starts at the
team's lowest ratio, so counts are exact fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from lifecycle.calendars.local_time import zone
from models.decision import Assign
from models.directory import Member, Team

Why = Literal["capacity", "absent", "tried", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An owner, or why there is none."""

    owner: str | None = None
    why: Why | None = None


def choose(
    team: Team | None, asked: Assign, loads: Mapping[str, int], counts: Mapping[str, Fraction]
) -> Choice:
    """The member who gets the lead, or the first reason why nobody does.

    `loads`: how many leads each member owns in mql, sal and sql, in all teams. `counts`: the
    assignments so far in this team, from `with_newcomers`. The reasons are tried in the order
    capacity, absent, tried, empty; the first that keeps a member out is returned. Without a team
    it is empty.
    """
    members = team.members if team is not None else ()
    free = [one for one in members if not _obstacles(one, asked, loads)]
    if not free:
        found = {obstacle for one in members for obstacle in _obstacles(one, asked, loads)}
        order: tuple[Why, ...] = ("capacity", "absent", "tried", "empty")
        return Choice(why=next((why for why in order if why in found), "empty"))
    if any(one.email == asked.prefer for one in free):
        return Choice(owner=asked.prefer)
    # min() takes the first of equal members, and members are in file order.
    return Choice(owner=min(free, key=lambda one: _ratio(one, counts)).email)


def with_newcomers(team: Team, counts: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """A count for every member. A member without a count starts at the team's lowest ratio.

    The caller keeps the result from the first choice on: a member who has a count is not new any
    more. Members who left the team are not in the result, so a member who returns is new.
    """
    known = [one for one in team.members if one.email in counts]
    lowest = min((_ratio(one, counts) for one in known), default=Fraction(0))
    return {one.email: counts.get(one.email, lowest * one.weight) for one in team.members}


def _ratio(member: Member, counts: Mapping[str, Fraction]) -> Fraction:
    return counts.get(member.email, Fraction(0)) / member.weight


def _obstacles(member: Member, asked: Assign, loads: Mapping[str, int]) -> tuple[Why, ...]:
    full = member.capacity is not None and loads.get(member.email, 0) >= member.capacity
    today = asked.at.astimezone(_zone(member, asked)).date()
    away = any(absence.from_ <= today <= absence.to for absence in member.away)
    obstacles: list[Why] = []
    if full:
        obstacles.append("capacity")
    if away:
        obstacles.append("absent")
    if member.email in asked.tried:
        obstacles.append("tried")
    return tuple(obstacles)


def _zone(member: Member, asked: Assign) -> ZoneInfo:
    try:
        return zone(member.timezone or asked.timezone)
    except ValueError:  # an unknown name must not leave a lead without an owner
        return zone(asked.timezone)
