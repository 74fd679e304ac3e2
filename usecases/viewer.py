"""Who is asking, by a key or a session, and which leads that person may see and act on.

Marketing sees all leads and acts on none. A sales person sees their own leads and those of their
teams, a manager those of the teams they manage and those that no team has; both act as
themselves and nobody else. An admin sees all and acts in whoever's name the act bears. Whether an
act is allowed, the rules say.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.reports.leads import LeadLine, Sight
from adapters.sql.api_keys import Role
from models.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """One who asks."""

    role: Role
    person: str | None
    """As whom they act; None: nobody (marketing), or whoever an act names (admin)."""
    sight: Sight | None
    """What they see; None: every lead."""

    def sees(self, line: LeadLine) -> bool:
        """Whether this lead is theirs to see."""
        return self.sight is None or self.sight.shows(line)


def viewer(people: Directory, role: Role, person: str | None) -> Viewer | None:
    """Somebody with this role; None if the directory does not know the person in it (any more)."""
    if role in ("marketing", "admin"):
        return Viewer(role=role, person=None, sight=None)
    if person is None:
        return None
    managed, teams = people.managed_by(person), people.teams_of(person)
    if not (managed if role == "manager" else managed | teams):
        return None
    sight = Sight(owner=person, teams=managed | teams, unhanded=bool(managed))
    return Viewer(role=role, person=person, sight=sight)


def member_of_the_house(people: Directory, person: str) -> Viewer | None:
    """A person who signed in: a manager where they manage a team, else sales."""
    return viewer(people, "manager" if people.managed_by(person) else "sales", person)
