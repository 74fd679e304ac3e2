"""The desk's session: its cookie, its user, and proof that a form came from one of our pages.

Scripts and other sites can't read the cookie. Every form has a token that only the session's
pages know (the synchronizer token pattern of OWASP's CSRF cheat sheet). If the browser says that
a request came from another site, the request is refused before it is read.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from adapters.reports.team import office_zone
from adapters.sql.desk_sessions import SESSION_LASTS, SqlDeskSessions
from lifecycle.calendars.local_time import zone
from models.directory import Directory
from usecases.context import Context
from usecases.viewer import Viewer, viewer_for_person

_LONGEST_PATH = 1_000
"""Of a page of the board with its query, to which a browser returns after signing in."""


class SignInNeededError(Exception):
    """Nobody is signed in; the browser is redirected to the sign-in page."""

    def __init__(self, back: str) -> None:
        super().__init__("sign in first")
        self.back = back


class DeskProblemError(Exception):
    """The desk can't do what the user asked. A page with this status shows the sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class HomeElsewhereError(Exception):
    """The person has no desk, but a board; the browser is redirected there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationLink:
    """A link of the navigation."""

    name: str
    path: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUser:
    """The person who is signed in, for all pages."""

    viewer: Viewer
    person: str
    name: str
    zone: ZoneInfo
    people: Directory
    token: str
    """The token of this session's forms."""


User = TypeVar("User", bound=PageUser)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskUser(PageUser):
    """The person who is signed in, at the desk."""

    area: ClassVar[str] = "Desk"

    @property
    def manages(self) -> bool:
        """Whether this person manages a team."""
        return self.viewer.role == "manager"

    @property
    def places(self) -> tuple[NavigationLink, ...]:
        """The links of the navigation."""
        team = [NavigationLink(name="team", path="/desk/team", title="Team")]
        found = [
            *(team if self.manages else []),
            NavigationLink(name="leads", path="/desk", title="My leads"),
            NavigationLink(name="tasks", path="/desk/tasks", title="Tasks"),
            NavigationLink(name="week", path="/desk/week", title="My week"),
        ]
        if self.people.marketer(self.person) is not None:
            found.append(NavigationLink(name="board", path="/board", title="Board"))
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of a browser, whose person the directory knows."""

    secret: str
    person: str
    people: Directory


def session_of(
    context: Context, sessions: SqlDeskSessions, request: Request, *, back: str
) -> Session:
    """The session of a request. Raises SignInNeededError; after it the browser returns to `back`.

    Each request asks the directory anew: who has left it is signed out.
    """
    secret = request.cookies.get(cookie_name(context))
    person = sessions.who(secret) if secret else None
    people = context.people.directory()
    if secret is None or person is None or not people.may_sign_in(person):
        raise SignInNeededError(path_within_desk(back))
    return Session(secret=secret, person=person, people=people)


def desk_user(context: Context) -> Callable[..., DeskUser]:
    """A dependency that finds the user of the session, if the directory knows the person.

    Raises SignInNeededError and HomeElsewhereError.
    """
    sessions = SqlDeskSessions(context.database)

    def signed_in(request: Request) -> DeskUser:
        session = session_of(
            context, sessions, request, back=request.url.path.removesuffix("/acts")
        )
        people, person = session.people, session.person
        viewer = viewer_for_person(people, person)
        if viewer is None:
            raise HomeElsewhereError
        member = people.member(person)
        return DeskUser(
            viewer=viewer.through("desk"),
            person=person,
            name=member.name if member is not None and member.name else person,
            zone=person_zone(context, people, person),
            people=people,
            token=form_token(session.secret),
        )

    return signed_in


def form_sender(context: Context) -> Callable[..., DeskUser]:
    """A dependency that finds the user who sent a form of the desk.

    Raises DeskProblemError if the form is not from this user's session.
    """
    return own_form(desk_user(context))


def own_form(someone: Callable[..., User]) -> Callable[..., User]:
    """The same user, if the form is from their session. Raises DeskProblemError if not."""

    def allowed(
        request: Request,
        user: Annotated[User, Depends(someone)],
        token: Annotated[str, Form()] = "",
    ) -> User:
        check_form(request, user, token)
        return user

    return allowed


def check_form(request: Request, user: PageUser, token: str) -> None:
    """Check that a form with this token is from the user's session. Raises DeskProblemError."""
    refuse_cross_site(request)
    if not hmac.compare_digest(token.encode(), user.token.encode()):
        raise DeskProblemError(
            403, "This form is not from your desk. Open the page again and try again."
        )


def refuse_cross_site(request: Request) -> None:
    """Refuse a request that a browser sent from another site (RFC 6454, Fetch Metadata)."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if site in ("cross-site", "same-site") or (site is None and foreign):
        raise DeskProblemError(
            403, "This form was sent from another site. Open the desk and do it there."
        )


def form_token(session: str) -> str:
    """The token of a session's forms. The session can't be derived from it."""
    return hmac.new(session.encode(), b"leadflow desk form", hashlib.sha256).hexdigest()


def cookie_name(context: Context) -> str:
    """The cookie's name. With TLS, browsers bind `__Host-` to this host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-leadflow" if _secure(context) else "leadflow"


def set_cookie(response: Response, context: Context, session: str) -> None:
    """Set the session cookie in the browser."""
    response.set_cookie(
        cookie_name(context),
        session,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=_secure(context),
        httponly=True,
        samesite="lax",
    )


def delete_cookie(response: Response, context: Context) -> None:
    """Delete the session cookie from the browser."""
    response.delete_cookie(
        cookie_name(context), path="/", secure=_secure(context), httponly=True, samesite="lax"
    )


def redirect_to_sign_in(back: str) -> RedirectResponse:
    """Redirect a browser to the sign-in page. After signing in it returns to `back`."""
    target = "/desk/sign-in" if back == "/desk" else f"/desk/sign-in?to={quote(back)}"
    return RedirectResponse(target, 303)


def path_within_desk(path: str) -> str:
    """Return this path if it is a page of the desk or the board, else the desk's first page."""
    plain = path.startswith(("/desk/leads/", "/board/")) or path in (
        *("/desk", "/desk/team", "/desk/week", "/board"),
    )
    forbidden = set("\\\r\n#" if path.startswith("/board/") else "\\\r\n?#")
    safe = len(path) <= _LONGEST_PATH and not set(path) & forbidden and "//" not in path
    return path if plain and safe else "/desk"


def person_zone(context: Context, people: Directory, person: str) -> ZoneInfo:
    """The time zone of the pages for a person: their own, else the accept calendar's."""
    for found in (people.member(person), people.marketer(person)):
        if found is not None and found.timezone:
            return zone(found.timezone)
    return office_zone(context.programs)


def _secure(context: Context) -> bool:
    return context.links.public_url.startswith("https://")
