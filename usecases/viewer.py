"""The viewer: who asks, by a key or a session, and which leads they may see and act on.

- Marketing sees all leads and may not act.
- A sales person sees their own leads and those of their teams, and acts in their own name only.
- A manager sees the leads of the teams they manage and the leads without a team, and acts in
  their own name only.
- An admin sees all leads and acts in the name that the act gives in `by`.

The rules say whether an act is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from adapters.reports.leads import LeadLine, Sight
from adapters.sql.api_keys import Role
from models.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks."""

    role: Role
    person: str | None
    """In whose name they act. None: they may not act (marketing), or the act says it (admin)."""
    sight: Sight | None
    """Which leads they may see. None: all."""
    via: str | None = None
    """The door through which they act: `desk`, `button`, `api KEY`, `crm`, `cli`. The timeline's
    entry of an act has it. What came to Temporal past us has none."""

    def through(self, door: str) -> Viewer:
        """The same viewer, who acts through this door."""
        return replace(self, via=door)

    def sees(self, line: LeadLine) -> bool:
        """Whether they may see this lead."""
        return self.sight is None or self.sight.shows(line)


ADMIN = Viewer(role="admin", person=None, sight=None)
"""The CRM and the command line. They see all leads and act in the name that the act gives."""


def viewer_with_role(people: Directory, role: Role, person: str | None) -> Viewer | None:
    """The viewer with this role; None if the directory does not know the person in it."""
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
    """The viewer of a signed-in person: a manager if they manage a team, else sales."""
    return viewer_with_role(people, "manager" if people.managed_by(person) else "sales", person)
