"""The names of people and of leads, as lists and messages of the desk show them."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.web.desk_session import DeskUser
from lifecycle.words.person_name import person_name
from usecases.acting import visible
from usecases.context import Context


def names_of(user: DeskUser) -> dict[str, str]:
    """The names of the people of the directory by address."""
    return {
        one.email: one.name or one.email
        for team in user.people.teams.values()
        for one in team.members
    }


def names_of_leads(context: Context, user: DeskUser, leads: Sequence[str]) -> dict[str, str]:
    """The names of these leads, as far as the user may see them."""
    found = {}
    for lead in leads:
        line = visible(context.reports, user.viewer, lead)
        if line is not None:
            found[line.id] = person_name(line.profile) or line.email or line.id
    return found
