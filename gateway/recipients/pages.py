"""Pages for the recipients of mail: plain, without JavaScript, readable on a phone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.program.program import Program

_FOLDER = Path(__file__).with_name("assets")
_CSS = (_FOLDER / "page.css").read_text()
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STYLE = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""Headers of every page that a token opens. No browser or proxy stores the page, and no other site
gets its URL."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button that posts one field to a path."""

    label: str
    path: str
    name: str
    value: str


def page(
    title: str,
    *lines: str,
    actions: Sequence[Action] = (),
    program: Program | None = None,
    status: int = 200,
) -> HTMLResponse:
    """A page with paragraphs and buttons, and with the program's sender if it is known."""
    sender = parseaddr(program.sending.from_)[0] if program is not None else ""
    html = _PAGES.get_template("page.html").render(
        title=title,
        css=_CSS,
        lines=lines,
        actions=actions,
        sender=sender,
        postal_address=program.sending.postal_address if program is not None else "",
    )
    return HTMLResponse(html, status, headers=HEADERS)


def broken_link_page() -> HTMLResponse:
    """The page for a link that is not valid."""
    return page(
        "This link does not work",
        "It may have been cut off on its way. Open the mail again and use the link from there.",
        status=404,
    )


def masked(address: str) -> str:
    """A masked address, `a…@northwind.example`: its owner recognises it, others don't learn it."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}" if name else "your address"
