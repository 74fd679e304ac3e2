"""Who is at the desk: a session cookie, and proofs that a form came from a page of ours.

The cookie is out of reach of scripts and of other sites. Every form bears a token that only
the session's pages know (the synchronizer token pattern of OWASP's CSRF cheat sheet), and a
request that a browser says came from another site is refused before it is read.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
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


class SignInNeededError(Exception):
    """Nobody is signed in; the browser is led to where one signs in."""

    def __init__(self, back: str) -> None:
        super().__init__("sign in first")
        self.back = back


class NotHereError(Exception):
    """What was asked of the desk is not for whoever asked; a page says the sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class AtDesk:
    """Who is at the desk."""

    viewer: Viewer
    person: str
    name: str
    zone: ZoneInfo
    people: Directory
    token: str
    """What the forms of this session bear."""

    @property
    def manages(self) -> bool:
        """Whether this person manages a team."""
        return self.viewer.role == "manager"


def at_desk(context: Context) -> Callable[..., AtDesk]:
    """A dependency: somebody is signed in whom the directory knows. Raises SignInNeededError."""
    sessions = SqlDeskSessions(context.database)

    def signed_in(request: Request) -> AtDesk:
        secret = request.cookies.get(cookie_name(context))
        person = sessions.who(secret) if secret else None
        people = context.people.directory()
        viewer = viewer_for_person(people, person) if person is not None else None
        if secret is None or person is None or viewer is None:
            raise SignInNeededError(request.url.path if request.method == "GET" else "/desk")
        member = people.member(person)
        return AtDesk(
            viewer=viewer,
            person=person,
            name=member.name if member is not None and member.name else person,
            zone=person_zone(context, people, person),
            people=people,
            token=form_token(secret),
        )

    return signed_in


def acting(context: Context) -> Callable[..., AtDesk]:
    """A dependency: somebody at the desk sent a form of ours."""
    someone = at_desk(context)

    def allowed(
        request: Request,
        here: Annotated[AtDesk, Depends(someone)],
        token: Annotated[str, Form()] = "",
    ) -> AtDesk:
        same_site(request)
        if not hmac.compare_digest(token.encode(), here.token.encode()):
            raise NotHereError(
                403, "This form is not from your desk. Open the page anew and try again."
            )
        return here

    return allowed


def same_site(request: Request) -> None:
    """Refuse what a browser says was sent from another site (RFC 6454, Fetch Metadata)."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if site in ("cross-site", "same-site") or (site is None and foreign):
        raise NotHereError(403, "This was sent from another site. Open the desk and do it there.")


def form_token(session: str) -> str:
    """The token of a session's forms; the session can't be told from it."""
    return hmac.new(session.encode(), b"leadflow desk form", hashlib.sha256).hexdigest()


def cookie_name(context: Context) -> str:
    """With TLS, browsers hold such a cookie to this one host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-leadflow" if _secure(context) else "leadflow"


def keep(response: Response, context: Context, session: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(context),
        session,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=_secure(context),
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, context: Context) -> None:
    """Take it back."""
    response.delete_cookie(
        cookie_name(context), path="/", secure=_secure(context), httponly=True, samesite="lax"
    )


def to_sign_in(back: str) -> RedirectResponse:
    """Lead a browser to where one signs in, and back after that."""
    target = "/desk/sign-in" if back == "/desk" else f"/desk/sign-in?to={quote(back)}"
    return RedirectResponse(target, 303)


def inside(path: str) -> str:
    """A path within the desk; whatever else was asked for, the desk itself."""
    plain = path.startswith("/desk/leads/") or path in ("/desk", "/desk/team")
    return path if plain and not set(path) & set("\\\r\n?#") and "//" not in path else "/desk"


def person_zone(context: Context, people: Directory, person: str) -> ZoneInfo:
    """In which zone a person reads the clock: their own, else the accept calendar's."""
    member = people.member(person)
    if member is not None and member.timezone:
        return zone(member.timezone)
    return office_zone(context.programs)


def _secure(context: Context) -> bool:
    return context.links.public_url.startswith("https://")
