"""The shares of fair assignment, in memory. The simulator keeps them, the database stores them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lifecycle.handoff.assignment import Choice, Loads, choose, counted, look
from models.decision import Assign, CountAssignment
from models.directory import Directory


class Roster:
    """Every member's share, by team and member."""

    def __init__(self, shares: Mapping[str, Mapping[str, Fraction]] | None = None) -> None:
        self._shares = {team: dict(of) for team, of in (shares or {}).items()}

    def shares(self, team: str) -> Mapping[str, Fraction]:
        """The team's shares as they are now."""
        return self._shares.get(team, {})

    def assign(self, people: Directory, asked: Assign, loads: Loads) -> Choice:
        """Choose an owner and count the assignment."""
        found = people.teams.get(asked.team) if asked.team is not None else None
        if found is None or asked.team is None:
            return Choice(why="empty")
        looked = look(found, asked, loads, self.shares(asked.team))
        shares, choice = looked.shares, choose(asked, looked)
        if choice.owner is not None:
            shares = counted(found, shares, choice.owner)
        self._shares[asked.team] = shares
        return choice

    def count(self, people: Directory, made: CountAssignment, loads: Loads) -> None:
        """Count an assignment that a manager made, if the owner is a member of the team."""
        found = people.teams.get(made.team) if made.team is not None else None
        if found is None or made.team is None:
            return
        shares = look(found, made, loads, self.shares(made.team)).shares
        self._shares[made.team] = counted(found, shares, made.owner)
