"""Sign in to the desk for a day, by a link in a mail. There are no passwords.

The answer does not show whether the directory knows an address. It is sent before the address is
looked up, so that its duration does not show it either. The link leads to a page with a button,
because mail scanners follow links and would use the link up. The link is made from the gateway's
public URL and never from the Host header of a request. Otherwise anybody could make the link of
another person lead to another site.
"""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
import hashlib
import uuid
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from activities.ports import MailRefusedError, MailUnsentError, Rendered
from adapters.mail.text import text_to_html
from adapters.sql.desk_sessions import LINK_LASTS, SqlDeskSessions
from adapters.sql.rates import SqlRates
from gateway.web.desk_session import (
    DeskProblemError,
    DeskUser,
    cookie_name,
    delete_cookie,
    form_sender,
    path_within_desk,
    refuse_cross_site,
    set_cookie,
)
from gateway.web.pages import page
from models.addresses import only_address
from models.durations import Duration, Rate
from usecases.context import Context

_LINK_RATE = Rate(most=30, per=Duration(1, "h"))
"""A person gets one link in two minutes at most, however often somebody asks for one."""
MOST_LINKS_A_DAY = 20
"""More links a day than a person can need would only fill a mailbox."""

_log = structlog.get_logger(__name__)


def router(context: Context) -> APIRouter:
    """The pages for signing in and out."""
    routes = APIRouter(include_in_schema=False)
    sessions = SqlDeskSessions(context.database)
    form_user = form_sender(context)

    @routes.get("/desk/sign-in")
    def ask(to: str = "/desk") -> HTMLResponse:
        """Show the page that asks for an address."""
        return _sign_in_page(context, to)

    @routes.post("/desk/sign-in")
    async def send(
        request: Request, email: Annotated[str, Form()] = "", to: Annotated[str, Form()] = "/desk"
    ) -> HTMLResponse:
        """Send a link, if the directory knows the address."""
        refuse_cross_site(request)
        if not context.links.public_url:
            message = "Signing in needs the gateway's public URL; set LEADFLOW_PUBLIC_URL."
            raise DeskProblemError(503, message)
        answer = page("sign_in_sent.html", context, minutes=LINK_LASTS // timedelta(minutes=1))
        answer.background = BackgroundTask(_send, context, sessions, email, path_within_desk(to))
        return answer

    @routes.get("/desk/in/{secret}")
    def offer(secret: str, to: str = "/desk") -> HTMLResponse:
        """Show the page with the button. It changes nothing."""
        person = sessions.invited(secret)
        if person is None:
            return _sign_in_page(context, to, status=410, stale=True)
        return page(
            "sign_in_ready.html", context, secret=secret, person=person, to=path_within_desk(to)
        )

    @routes.post("/desk/in/{secret}")
    def enter(request: Request, secret: str, to: Annotated[str, Form()] = "/desk") -> Response:
        """Sign in. The browser gets a new session, and its earlier session ends."""
        refuse_cross_site(request)
        session = sessions.sign_in(secret)
        if session is None:
            return _sign_in_page(context, to, status=410, stale=True)
        _end(request, context, sessions)
        answer = RedirectResponse(_landing(context, sessions.who(session), to), 303)
        set_cookie(answer, context, session)
        return answer

    @routes.post("/desk/sign-out-everywhere")
    def leave_everywhere(user: Annotated[DeskUser, Depends(form_user)]) -> Response:
        """Sign out in all browsers. Links that were not used yet stop working too."""
        sessions.sign_out_everywhere(user.person)
        answer = RedirectResponse("/desk/sign-in", 303)
        delete_cookie(answer, context)
        return answer

    @routes.post("/desk/sign-out")
    def leave(request: Request) -> Response:
        """Sign out."""
        refuse_cross_site(request)
        _end(request, context, sessions)
        answer = RedirectResponse("/desk/sign-in", 303)
        delete_cookie(answer, context)
        return answer

    return routes


def _landing(context: Context, person: str | None, to: str) -> str:
    """Where a person goes on after signing in: a manager who asked for no page, with the team."""
    target = path_within_desk(to)
    if target == "/desk" and person and context.people.directory().managed_by(person):
        return "/desk/team"
    return target


def _sign_in_page(
    context: Context, to: str, *, status: int = 200, stale: bool = False
) -> HTMLResponse:
    return page("sign_in.html", context, status=status, to=path_within_desk(to), stale=stale)


def _end(request: Request, context: Context, sessions: SqlDeskSessions) -> None:
    if session := request.cookies.get(cookie_name(context)):
        sessions.sign_out(session)


async def _send(context: Context, sessions: SqlDeskSessions, email: str, to: str) -> None:
    try:
        mail = await asyncio.to_thread(_invitation, context, sessions, email, to)
        if mail is not None:
            await context.mailer.send(mail)
    except (MailUnsentError, MailRefusedError, SQLAlchemyError) as error:
        _log.error("a link to sign in was not sent", why=type(error).__name__)


def _invitation(
    context: Context, sessions: SqlDeskSessions, email: str, to: str
) -> Rendered | None:
    """The mail with the link.

    None if the directory does not know the address, or if the person got a link within the last
    two minutes or twenty within the last day.
    """
    person = email.strip().lower()
    if not context.people.directory().may_sign_in(person):
        return None
    person_hash = hashlib.sha256(person.encode()).hexdigest()[:16]
    rates = SqlRates(context.database)
    wait = rates.reserve({f"sign-in/{person_hash}": _LINK_RATE}, timedelta(0)).wait
    if wait > timedelta(0):
        return None
    if sessions.invitations(person) >= MOST_LINKS_A_DAY:
        _log.warning("a person gets no more links to sign in today", links=MOST_LINKS_A_DAY)
        return None
    link = f"{context.links.public_url}/desk/in/{sessions.invite(person)}?to={quote(to)}"
    return _mail(context, person, link)


def _mail(context: Context, person: str, link: str) -> Rendered:
    """The mail with the link, from a program's sender."""
    names = context.programs.names()
    program = context.programs.newest(names[0]) if names else None
    sender = only_address(program.sending.from_ if program is not None else person)
    subject = "Your link to the desk"
    minutes = LINK_LASTS // timedelta(minutes=1)
    text = (
        "This link signs you in to the desk for a day."
        f" It works once, within {minutes} minutes:\n\n{link}\n\n"
        "If you did not ask for it, ignore this mail.\n"
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
