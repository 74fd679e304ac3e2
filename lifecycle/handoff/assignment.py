"""Who gets a lead: the fair choice among a team's members (docs/language.md section 6).

The member with the lowest share is next. A share grows by 1 ÷ weight with each assignment. A new
member starts at the team's lowest share, and whoever is absent or at capacity is kept in line with
the others, so nobody is owed leads. Shares are exact fractions.

A team may have thousands of members. So they are looked at in the order of their shares, and only
until one is available: those with a higher share are neither chosen nor raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import Literal

from lifecycle.calendars.local_time import zone
from models.decision import Assign, CountAssignment
from models.directory import Member, Team

Why = Literal["capacity", "absent", "tried", "empty"]
Loads = Callable[[Sequence[str]], Mapping[str, int]]
"""How many other leads each of these members owns in mql, sal and sql, in all teams. Members who
own none may be left out."""

_AT_ONCE = 100
"""Members whose loads are asked for together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An owner, or why there is none."""

    owner: str | None = None
    why: Why | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamStanding:
    """A team, as an assignment finds it."""

    shares: dict[str, Fraction]
    """A share for every member, before the assignment is counted (`look`)."""
    next: str | None
    """The member who is next by the shares; None if nobody is available."""
    hindered: dict[str, tuple[Why, ...]]
    """What keeps each member who was looked at from this lead; nothing for those available."""


def look(
    team: Team, asked: Assign | CountAssignment, loads: Loads, shares: Mapping[str, Fraction]
) -> TeamStanding:
    """Who is next, and a share for every member.

    A member without a share is new and starts at the team's lowest. A member who is absent or at
    capacity, and whose share is below the lowest of those available, is raised to it: nobody saves
    up while unavailable. A member who had this handoff is not raised.

    The caller keeps the shares, so a member is new only once. Members who left the team are not in
    them, so a member who returns is new.
    """
    known = {id(share): share for share in map(shares.get, (one.email for one in team.members))}
    start = min((one for one in known.values() if one is not None), default=Fraction(0))
    found = {one.email: shares.get(one.email, start) for one in team.members}
    obstacles = _Obstacles(asked, loads)
    first: str | None = None
    for members in _by_share(team, found):
        while first is None and (some := list(islice(members, _AT_ONCE))):
            obstacles.look(some)
            first = next((one.email for one in some if not obstacles.found[one.email]), None)
        if first is not None:
            break
    if first is not None:
        lowest = found[first]
        for email, by in obstacles.found.items():
            if by and "tried" not in by and found[email] < lowest:
                found[email] = lowest
    preferred = asked.prefer if isinstance(asked, Assign) else None
    if preferred in found and preferred not in obstacles.found:
        obstacles.look([one for one in team.members if one.email == preferred])
    return TeamStanding(shares=found, next=first, hindered=obstacles.found)


def choose(asked: Assign, looked: TeamStanding) -> Choice:
    """The member who gets the lead, or the first reason why nobody does.

    The reasons are tried in the order capacity, absent, tried, empty; the first that keeps a member
    out is returned.
    """
    if looked.next is None:
        seen = {why for found in looked.hindered.values() for why in found}
        order: tuple[Why, ...] = ("capacity", "absent", "tried", "empty")
        return Choice(why=next((why for why in order if why in seen), "empty"))
    if asked.prefer is not None and looked.hindered.get(asked.prefer) == ():
        return Choice(owner=asked.prefer)
    return Choice(owner=looked.next)


@dataclass(slots=True)
class _Obstacles:
    """What keeps members from a lead, in the order capacity, absent, tried."""

    asked: Assign | CountAssignment
    loads: Loads
    found: dict[str, tuple[Why, ...]] = field(default_factory=dict)
    days: dict[str | None, date] = field(default_factory=dict)
    """The day on which each time zone is asked: the same for many members."""

    def look(self, members: Sequence[Member]) -> None:
        """Find what keeps these out."""
        loads = self.loads([one.email for one in members if one.capacity is not None])
        for one in members:
            self.found[one.email] = self._of(one, loads.get(one.email, 0))

    def _of(self, one: Member, load: int) -> tuple[Why, ...]:
        obstacles: tuple[Why, ...] = ()
        if one.capacity is not None and load >= one.capacity:
            obstacles += ("capacity",)
        if one.away:
            if one.timezone not in self.days:
                self.days[one.timezone] = _day(self.asked, one.timezone)
            today = self.days[one.timezone]
            if any(absence.from_ <= today <= absence.to for absence in one.away):
                obstacles += ("absent",)
        if one.email in self.asked.tried:
            obstacles += ("tried",)
        return obstacles


def _by_share(team: Team, shares: Mapping[str, Fraction]) -> Iterator[Iterator[Member]]:
    """The members of each share, the lowest share first, in file order.

    Equal shares are mostly one object, which is compared once.
    """
    objects = {id(share): share for share in shares.values()}
    places = {share: place for place, share in enumerate(sorted(set(objects.values())))}
    place = {known: places[share] for known, share in objects.items()}
    groups: list[list[Member]] = [[] for _ in places]
    for one in team.members:
        groups[place[id(shares[one.email])]].append(one)
    return (iter(group) for group in groups)


def counted(team: Team, shares: Mapping[str, Fraction], owner: str) -> dict[str, Fraction]:
    """The shares once this member was given one more lead; nobody else's share changes."""
    grown = dict(shares)
    for one in team.members:
        if one.email == owner:
            grown[owner] += Fraction(1, one.weight)
    return grown


def _day(asked: Assign | CountAssignment, timezone: str | None) -> date:
    """The day on which somebody with this time zone is asked."""
    try:
        here = zone(timezone or asked.timezone)
    except ValueError:  # an unknown name must not leave a lead without an owner
        here = zone(asked.timezone)
    return asked.at.astimezone(here).date()
