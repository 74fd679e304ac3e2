"""The person at the board: somebody of the teams file's `marketing:` list."""

# Annotations are not postponed here: they name dependencies that the router makes.

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from fastapi import Request

from adapters.sql.desk_sessions import SqlDeskSessions
from gateway.web.desk_session import (
    DeskProblemError,
    NavigationLink,
    PageUser,
    form_token,
    own_form,
    person_zone,
    session_of,
)
from models.directory import Marketer
from usecases.context import Context
from usecases.viewer import Viewer

_PLACES = (
    NavigationLink(name="programs", path="/board", title="Programs"),
    NavigationLink(name="not-moving", path="/board/not-moving", title="Not moving"),
    NavigationLink(name="leads", path="/board/leads", title="Leads"),
    NavigationLink(name="launches", path="/board/launches", title="Launches"),
    NavigationLink(name="changes", path="/board/changes", title="Changes"),
    NavigationLink(name="reports", path="/board/reports", title="Reports"),
    NavigationLink(name="schedules", path="/board/schedules", title="Schedules"),
)
"""The pages of the board, in the order of the navigation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardUser(PageUser):
    """The person who is signed in, at the board. The viewer sees all leads."""

    area: ClassVar[str] = "Board"
    marketer: Marketer

    @property
    def is_admin(self) -> bool:
        """Whether this person is an admin, who sees what others uploaded."""
        return self.marketer.role == "admin"

    @property
    def places(self) -> tuple[NavigationLink, ...]:
        """The links of the navigation."""
        desk = (NavigationLink(name="leads-of-mine", path="/desk", title="Desk"),)
        return (*_PLACES, *(desk if self.people.knows(self.person) else ()))


def board_user(context: Context) -> Callable[..., BoardUser]:
    """A dependency that finds the user of the session, if they are of marketing.

    Raises SignInNeededError, and DeskProblemError for people of sales.
    """
    sessions = SqlDeskSessions(context.database)

    def signed_in(request: Request) -> BoardUser:
        session = session_of(context, sessions, request, back=_back(request))
        person = session.people.marketer(session.person)
        if person is None:
            raise DeskProblemError(
                403, "The board is for the people that the teams file names under marketing."
            )
        return BoardUser(
            viewer=Viewer(role=person.role, person=person.email, sight=None, via="board"),
            person=person.email,
            name=person.name or person.email,
            zone=person_zone(context, session.people, person.email),
            people=session.people,
            token=form_token(session.secret),
            marketer=person,
        )

    return signed_in


def _back(request: Request) -> str:
    """Where to return after signing in: a link that was shared keeps its question."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query and request.method == "GET" else request.url.path


def board_form(context: Context) -> Callable[..., BoardUser]:
    """A dependency that finds the user who sent a form of the board."""
    return own_form(board_user(context))
