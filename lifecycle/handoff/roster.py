"""The counts of fair assignment, in memory. The simulator keeps them, the database stores them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lifecycle.handoff.assignment import Choice, choose, with_newcomers
from models.decision import Assign, CountAssignment
from models.directory import Directory


class Roster:
    """Assignments so far, by team and member."""

    def __init__(self, counts: Mapping[str, Mapping[str, Fraction]] | None = None) -> None:
        self._counts = {team: dict(of) for team, of in (counts or {}).items()}

    def counts(self, team: str) -> Mapping[str, Fraction]:
        """The team's counters as they are now."""
        return self._counts.get(team, {})

    def assign(self, people: Directory, asked: Assign, loads: Mapping[str, int]) -> Choice:
        """Choose an owner and count the assignment. `loads`: see `choose`."""
        found = people.teams.get(asked.team) if asked.team is not None else None
        if found is None or asked.team is None:
            return choose(None, asked, loads, {})
        counts = with_newcomers(found, self.counts(asked.team))
        choice = choose(found, asked, loads, counts)
        if choice.owner is not None:
            counts[choice.owner] += 1
        self._counts[asked.team] = counts
        return choice

    def count(self, people: Directory, made: CountAssignment) -> None:
        """Count an assignment that a manager made, if the owner is a member of the team."""
        found = people.teams.get(made.team) if made.team is not None else None
        if found is None or made.team is None:
            return
        counts = with_newcomers(found, self.counts(made.team))
        if made.owner in counts:
            counts[made.owner] += 1
        self._counts[made.team] = counts
