"""Clicks and opens: `/c/TOKEN` redirects to a link's target, `/o/TOKEN.gif` is an empty image.

A token names a mail and the number of a link in it. The target is in the mail's row. Therefore the
gateway redirects only to links that were in our own mail.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from adapters.sql.new_item import NewItem
from adapters.sql.sent_mail import SentMail
from gateway.recipients.bot_detection import (
    ALL_LINKS_WITHIN,
    FRESH,
    LONGEST_SCAN,
    SLOW_SCAN,
    Hit,
    Why,
    age,
    all_links,
    machine_reason,
    wait,
)
from gateway.recipients.pages import HEADERS, broken_link_page
from gateway.requests.problems import responses
from usecases.context import Context

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent pixel."""
VISITOR = "lf"
"""The query parameter by which our web pages recognise a visitor who came from a mail."""


def router(context: Context, web_origins: Sequence[str]) -> APIRouter:
    """The two routes, for GET and HEAD."""
    routes = APIRouter(tags=["mail"])

    @routes.head("/c/{token}", include_in_schema=False)
    @routes.get(
        "/c/{token}",
        status_code=302,
        response_class=Response,
        responses={404: {"description": "A page", "content": {"text/html": {}}}, **responses(503)},
    )
    def follow_link(token: str, request: Request) -> Response:
        """Record a click and redirect to the link's target."""
        found = context.links.read("click", token)
        mail = context.sent.by_local_part(found.mail) if found is not None else None
        if found is None or mail is None or found.number >= len(mail.links):
            return broken_link_page()
        target = mail.links[found.number]
        why = _reason(context, mail, request, found.number)
        _record(context, mail, "email.clicked", str(found.number), why=why, url=target)
        if not target:
            return Response(status_code=204, headers=HEADERS)
        return RedirectResponse(
            _for_visitor(context, mail, target, web_origins), 302, headers=HEADERS
        )

    @routes.head("/o/{name}", include_in_schema=False)
    @routes.get(
        "/o/{name}",
        response_class=Response,
        responses={
            200: {"description": "One transparent pixel", "content": {"image/gif": {}}},
            404: {"description": "A page", "content": {"text/html": {}}},
            **responses(503),
        },
    )
    def load_pixel(name: str, request: Request) -> Response:
        """Record an open and return the image."""
        token, _, kind = name.partition(".")
        found = context.links.read("open", token)
        mail = context.sent.by_local_part(found.mail) if found is not None else None
        if kind != "gif" or mail is None:
            return broken_link_page()
        why = _reason(context, mail, request, None)
        _record(context, mail, "email.opened", "open", why=why)
        return Response(GIF, media_type="image/gif", headers=HEADERS)

    return routes


def _reason(context: Context, mail: SentMail, request: Request, number: int | None) -> Why | None:
    """Why this is a machine's request, or None.

    If it shows that earlier clicks were a machine's too, they are marked as such.
    """
    hit = Hit(
        method=request.method,
        headers=dict(request.headers),
        number=number,
        age=age(mail.updated, datetime.now(UTC), context.speed),
    )
    why = machine_reason(hit)
    if number is None:
        return why
    at = context.now()
    recent = context.intake.clicked(mail.lead, mail.message, at - SLOW_SCAN)
    within = context.intake.clicked(mail.lead, mail.message, at - ALL_LINKS_WITHIN)
    if why is None and "" in recent:
        why = "unseen"
    if why is None and "head" in recent.get(mail.links[number], ()):
        why = "head"
    if why is None and all_links({*within, mail.links[number]}, mail.links):
        why = "all_links"
    if why in ("unseen", "all_links"):
        context.intake.judge(mail.lead, mail.message, why)
    return why


def _record(
    context: Context,
    mail: SentMail,
    kind: str,
    what: str,
    *,
    why: Why | None,
    url: str | None = None,
) -> None:
    """Record the event. A person's waits, so that a scanner can be recognised.

    On a mail that was delivered just now, all that waits goes on to wait with each further click:
    a slow scanner may end at the unseen link, and then none of its clicks was a person's.
    """
    at = context.now()
    local = mail.message.partition("@")[0]
    # Two requests in one second count as one, because browsers repeat requests.
    event_id = f"{kind}/{local}/{what}/{int(at.timestamp())}" + ("/machine" if why else "")
    data = {"message": mail.message, **({"url": url} if url is not None else {})}
    raw = {
        "id": event_id,
        "type": kind,
        "subject": mail.email,
        "data": {**data, "why": why} if why else data,
        "machine": why is not None,
    }
    old = age(mail.updated, datetime.now(UTC), context.speed)
    delay = wait(old) / context.speed
    if old < FRESH and kind == "email.clicked":
        context.intake.put_off(mail.lead, mail.message, delay, since=at - LONGEST_SCAN)
    delay = timedelta(0) if why else delay
    context.accept(NewItem.event(mail.lead, raw, arrived=at, delay=delay))


def _for_visitor(context: Context, mail: SentMail, target: str, web_origins: Sequence[str]) -> str:
    """The target. If it is on our own web sites, a token that identifies the visitor is added."""
    parts = urlsplit(target)
    if f"{parts.scheme}://{parts.netloc}" not in web_origins:
        return target
    query = [*parse_qsl(parts.query, keep_blank_values=True)]
    query.append((VISITOR, context.links.visitor(mail.message)))
    return urlunsplit(parts._replace(query=urlencode(query)))
