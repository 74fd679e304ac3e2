"""What recipients may choose: buttons and pages to stop mail, to pause it and to resume it."""

from __future__ import annotations

from typing import Any

from fastapi.responses import HTMLResponse

from adapters.mail.links import Purpose
from adapters.sql.sent_mail import SentMail
from gateway.recipients.pages import Action, masked, page
from gateway.requests.problems import responses
from usecases.context import Context
from usecases.suppressing import PAUSE_DAYS

ANSWERS: dict[int | str, dict[str, Any]] = {
    404: {"description": "A page", "content": {"text/html": {}}},
    **responses(413, 422, 503),
}
"""What the routes for recipients may answer besides their page."""


def mail_of(context: Context, purpose: Purpose, token: str) -> SentMail | None:
    """The mail that a token names; None if the token is not valid."""
    found = context.links.read(purpose, token)
    return context.sent.by_local_part(found.mail) if found is not None else None


def stopped_page(context: Context, mail: SentMail) -> HTMLResponse:
    """The page that says that mail is stopped. Its button resumes mail."""
    resume_button = Action(
        "Get mail again", context.links.preferences(mail.message), "wish", "resume"
    )
    return page(
        "You are unsubscribed",
        f"No more news goes to {masked(mail.address)}.",
        actions=[resume_button],
        program=context.program_of(mail),
    )


def stop_button(context: Context, mail: SentMail, label: str) -> Action:
    """The button that stops all mail."""
    path = context.links.unsubscribe(mail.message, mail.address)
    return Action(label, path, "List-Unsubscribe", "One-Click")


def pause_button(context: Context, mail: SentMail) -> Action:
    """The button that pauses mail."""
    path = context.links.preferences(mail.message)
    return Action(f"Pause for {PAUSE_DAYS} days", path, "wish", "pause")
