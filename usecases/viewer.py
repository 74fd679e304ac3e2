"""Who asks, by a key or a session, and which leads they may see and act on.

- Marketing sees all leads and acts on none.
- A sales person sees their own leads and those of their teams, and acts as themselves only.
- A manager sees the leads of the teams they manage and the leads that no team has, and acts as
  themselves only.
- An admin sees all leads and acts in the name that the act bears.

Whether an act is allowed, the rules say.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.reports.leads import LeadLine, Sight
from adapters.sql.api_keys import Role
from models.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whoever asks."""

    role: Role
    person: str | None
    """As whom they act; None: as nobody (marketing), or as whoever the act names (admin)."""
    sight: Sight | None
    """Which leads they see; None: all."""

    def sees(self, line: LeadLine) -> bool:
        """Whether they may see this lead."""
        return self.sight is None or self.sight.shows(line)


ADMIN = Viewer(role="admin", person=None, sight=None)
"""Sees all leads and acts in the name that an act bears: the CRM and the command line."""


def viewer_with_role(people: Directory, role: Role, person: str | None) -> Viewer | None:
    """Whoever has this role; None if the directory does not know the person in it (any more)."""
    if role == "admin":
        return ADMIN
    if role == "marketing":
        return Viewer(role=role, person=None, sight=None)
    if person is None:
        return None
    managed, teams = people.managed_by(person), people.teams_of(person)
    if not (managed if role == "manager" else managed | teams):
        return None
    sight = Sight(owner=person, teams=managed | teams, unhanded=bool(managed))
    return Viewer(role=role, person=person, sight=sight)


def viewer_for_person(people: Directory, person: str) -> Viewer | None:
    """A person who signed in: a manager if they manage a team, else sales."""
    return viewer_with_role(people, "manager" if people.managed_by(person) else "sales", person)
