"""The web snippet `/t.js`, and `/w`, to which it sends what a known visitor does.

A visitor is known by the token of a link in a mail, and only after they agreed. Without consent
the script stores and sends nothing. It respects Global Privacy Control and Do Not Track. It sends
the path of a page and the name of a form. It never sends a query or the content of a form.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.sql.new_item import NewItem
from gateway.requests.problems import ProblemError, responses
from gateway.requests.throttle import Pace, PaceMeter
from models.instants import write_instant
from models.json_text import read_json
from usecases.context import Context

_SCRIPT = (Path(__file__).with_name("assets") / "t.js").read_text()
_MOST_BYTES = 1_000
_CACHE_SECONDS = 3_600
"""Seconds for which browsers may cache the script."""
VISITS = Pace(burst=20, per_second=1 / 5)
"""Of one lead. A person who opens a page every five seconds is not held up."""
DAILY_VISITS = Pace(burst=100, per_second=100 / 86_400)
"""Of one lead in a day, so that a flood does not push the history off the timeline's page."""


class Visit(BaseModel):
    """What the script sends."""

    model_config = ConfigDict(extra="forbid")

    v: str = Field(max_length=200, description="The visitor's token")
    type: Literal["page.viewed", "form.submitted"]
    subject: str = Field(max_length=200, description="The page's path, or the form's name")


_EXAMPLE = json.dumps({"v": "0123456789abcdef-0-0123…", "type": "page.viewed", "subject": "/"})
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "As text, so that browsers send it without a preflight request.",
        "content": {
            "text/plain": {"schema": {"type": "string"}, "examples": {"visit": {"value": _EXAMPLE}}}
        },
    }
}


def router(
    context: Context,
    web_origins: Sequence[str],
    *,
    forms_need_key: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> APIRouter:
    """The script, and the route to which it sends visits. `clock` counts seconds."""
    routes = APIRouter(tags=["web"])
    meters = PaceMeter(VISITS, clock), PaceMeter(DAILY_VISITS, clock)

    @routes.get(
        "/t.js",
        response_class=Response,
        responses={200: {"description": "The script", "content": {"text/javascript": {}}}},
    )
    async def load_snippet() -> Response:
        """The script for your own web pages."""
        headers = {
            "Cache-Control": f"public, max-age={_CACHE_SECONDS}",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(_SCRIPT, media_type="text/javascript", headers=headers)

    @routes.post(
        "/w",
        status_code=204,
        response_class=Response,
        responses=responses(400, 403, 404, 413, 429, 503),
        openapi_extra=_BODY,
    )
    async def record_visit(request: Request) -> Response:
        """Record what a known visitor did on one of our web sites."""
        origin = request.headers.get("origin", "")
        if origin not in web_origins:
            raise ProblemError(
                403, "this web site may not send visits; add its origin to LEADFLOW_WEB_ORIGINS"
            )
        visit = _read(await request.body())
        if forms_need_key and visit.type == "form.submitted":
            raise ProblemError(
                403,
                "forms are not taken from browsers here; let your site's server send them to"
                " POST /v1/events with its own key",
            )
        await asyncio.to_thread(_record, context, visit, meters)
        headers = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        return Response(status_code=204, headers=headers)

    return routes


def _read(body: bytes) -> Visit:
    if len(body) > _MOST_BYTES:
        raise ProblemError(413, f"the body is larger than {_MOST_BYTES} bytes")
    try:
        return Visit.model_validate(read_json(body))
    except (ValueError, ValidationError):
        raise ProblemError(400, "this is not what the script sends") from None


def _record(context: Context, visit: Visit, meters: Sequence[PaceMeter]) -> None:
    found = context.links.read("visitor", visit.v)
    mail = context.sent.by_local_part(found.mail) if found is not None else None
    if mail is None:
        raise ProblemError(404, "this visitor is not known")
    wait = max(meter.take(mail.lead) for meter in meters)
    if wait > 0:
        seconds = str(math.ceil(wait))
        said = f"this visitor does too much; send the next in {seconds} s"
        raise ProblemError(429, said, headers={"Retry-After": seconds})
    now = context.now()
    local = mail.message.partition("@")[0]
    event_id = f"web/{local}/{visit.type}/{write_instant(now)}/{visit.subject}"
    raw = {"id": event_id[:200], "type": visit.type, "subject": visit.subject}
    try:
        item = NewItem.event(mail.lead, raw, arrived=now)
    except ValueError as error:
        raise ProblemError(400, str(error)) from None
    context.accept(item)
