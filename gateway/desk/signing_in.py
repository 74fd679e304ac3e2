"""Signing in by a link that comes by mail, for a day. No password is asked, none is kept.

Whether an address is known is not told. The link leads to a page with a button, for scanners
follow links and would use it up.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from datetime import timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from activities.ports import MailRefusedError, MailUnsentError, Rendered
from adapters.desk_sessions import LINK_LASTS, SqlDeskSessions
from adapters.mail_headers import only_address
from adapters.mail_text import text_to_html
from adapters.rates import SqlRates
from gateway.desk.pages import page
from gateway.desk.session import cookie_name, forget, inside, keep, same_site
from gateway.outside import Outside
from models.durations import Duration, Rate

_ONE_EACH = Rate(most=30, per=Duration(1, "h"))
"""A person is sent a link every two minutes at most, however often somebody asks for it."""

_log = structlog.get_logger(__name__)


def router(outside: Outside) -> APIRouter:
    """The pages for signing in and out."""
    routes = APIRouter(include_in_schema=False)
    sessions = SqlDeskSessions(outside.database)

    @routes.get("/desk/sign-in")
    def ask(to: str = "/desk") -> HTMLResponse:
        """The page that asks for an address."""
        return _asking(outside, to)

    @routes.post("/desk/sign-in")
    async def send(
        request: Request, email: Annotated[str, Form()] = "", to: Annotated[str, Form()] = "/desk"
    ) -> HTMLResponse:
        """Send a link, if the directory knows the address."""
        same_site(request)
        base = outside.links.public_url or str(request.base_url).rstrip("/")
        mail = await asyncio.to_thread(_invitation, outside, sessions, email, base, inside(to))
        try:
            if mail is not None:
                await outside.mailer.send(mail)
        except (MailUnsentError, MailRefusedError) as error:
            _log.error("a link to sign in was not sent", why=type(error).__name__)
            return _asking(outside, to, status=503, away=True)
        return page("sign_in_sent.html", outside, minutes=LINK_LASTS // timedelta(minutes=1))

    @routes.get("/desk/in/{secret}")
    def offer(secret: str, to: str = "/desk") -> HTMLResponse:
        """The page with the button; it changes nothing."""
        if sessions.invited(secret) is None:
            return _asking(outside, to, status=410, stale=True)
        return page("sign_in_ready.html", outside, secret=secret, to=inside(to))

    @routes.post("/desk/in/{secret}")
    def enter(request: Request, secret: str, to: Annotated[str, Form()] = "/desk") -> Response:
        """Sign in: a new session, whatever the browser had before."""
        same_site(request)
        session = sessions.sign_in(secret)
        if session is None:
            return _asking(outside, to, status=410, stale=True)
        _end(request, outside, sessions)
        answer = RedirectResponse(inside(to), 303)
        keep(answer, outside, session)
        return answer

    @routes.post("/desk/sign-out")
    def leave(request: Request) -> Response:
        """Sign out."""
        same_site(request)
        _end(request, outside, sessions)
        answer = RedirectResponse("/desk/sign-in", 303)
        forget(answer, outside)
        return answer

    return routes


def _asking(
    outside: Outside, to: str, *, status: int = 200, stale: bool = False, away: bool = False
) -> HTMLResponse:
    return page("sign_in.html", outside, status=status, to=inside(to), stale=stale, away=away)


def _end(request: Request, outside: Outside, sessions: SqlDeskSessions) -> None:
    if session := request.cookies.get(cookie_name(outside)):
        sessions.sign_out(session)


def _invitation(
    outside: Outside, sessions: SqlDeskSessions, email: str, base: str, to: str
) -> Rendered | None:
    """The mail with the link; None for a stranger, and for who was sent one a moment ago."""
    person = email.strip().lower()
    if not outside.people.directory().knows(person):
        return None
    known = hashlib.sha256(person.encode()).hexdigest()[:16]
    wait = SqlRates(outside.database).reserve({f"sign-in/{known}": _ONE_EACH}, timedelta(0))
    if wait > timedelta(0):
        return None
    return _mail(outside, person, f"{base}/desk/in/{sessions.invite(person)}?to={to}")


def _mail(outside: Outside, person: str, link: str) -> Rendered:
    """The mail with the link, from the newest program's sender."""
    names = outside.programs.names()
    program = outside.programs.newest(names[0]) if names else None
    sender = only_address(program.sending.from_ if program is not None else person)
    subject = "Your link to the desk"
    minutes = LINK_LASTS // timedelta(minutes=1)
    text = (
        "With this link you are signed in to the desk for a day."
        f" It works once, within {minutes} minutes:\n\n{link}\n\n"
        "If you did not ask for it, leave it alone.\n"
    )
    return Rendered(
        sender=str(sender),
        to=person,
        subject=subject,
        text=text,
        html=text_to_html(text, subject),
        message_id=f"{uuid.uuid4().hex}@{sender.domain}",
        headers={"Auto-Submitted": "auto-generated", "X-Leadflow-Alert": "sign_in"},
    )
