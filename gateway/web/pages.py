"""Pages of the desk. They work without JavaScript.

The script counts deadlines down, refreshes queues, sends their forms in place, and has keys.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lifecycle.sales_words import TASK_WORDS, plain, reason_word, stage_word
from lifecycle.words.time_text import spoken_instant, spoken_span
from models.instants import write_instant
from usecases.context import Context

_ASSETS = Path(__file__).with_name("assets")
_CSS = (_ASSETS / "desk.css").read_text()
_JS = (_ASSETS / "desk.js").read_text()
_VERSION = hashlib.sha256((_CSS + _JS).encode()).hexdigest()[:12]
_CACHE_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
_PAGES = Environment(
    loader=FileSystemLoader(sorted(Path(__file__).parent.parent.glob("*/templates"))),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters["span"] = spoken_span
_PAGES.filters["iso"] = write_instant
_PAGES.filters["words"] = plain
_PAGES.filters["stage_word"] = stage_word
_PAGES.filters["reason_word"] = reason_word
_PAGES.filters["task_word"] = lambda kind: TASK_WORDS.get(kind, plain(kind))

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
        " form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Headers of every page of the desk. Only our own scripts run in it, no site can show it in a
frame, and no browser or proxy stores it."""


def page(
    name: str, context: Context, *, status: int = 200, zone: ZoneInfo | None = None, **values: Any
) -> HTMLResponse:
    """Render a template. Instants are written in `zone`, relative to the program's clock."""
    now, shown = context.now(), zone or ZoneInfo("UTC")

    def when(at: datetime) -> str:
        return spoken_instant(at, now, shown)

    html = _PAGES.get_template(name).render(
        version=_VERSION, now=now, speed=context.speed, when=when, **{"user": None} | values
    )
    return HTMLResponse(html, status, headers=HEADERS)


def assets() -> APIRouter:
    """The style sheet and the script. Their names hold a hash of their content."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(f"/desk/{_VERSION}.css")
    def css() -> Response:
        """The style sheet."""
        return Response(_CSS, media_type="text/css", headers=_CACHE_FOR_GOOD)

    @routes.get(f"/desk/{_VERSION}.js")
    def js() -> Response:
        """The script."""
        return Response(_JS, media_type="text/javascript", headers=_CACHE_FOR_GOOD)

    return routes
