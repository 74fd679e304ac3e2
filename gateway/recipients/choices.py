"""What readers of mail wish: no mail, none for a while, or mail again."""

from __future__ import annotations

from typing import Any, Literal

from fastapi.responses import HTMLResponse

from adapters.mail.links import Purpose
from adapters.sql.intake import NewItem
from adapters.sql.sent_mail import SentMail
from adapters.sql.suppressions import SqlSuppressionList
from gateway.recipients.pages import Action, masked, page, program_of
from gateway.requests.problems import told
from models.instants import write_instant
from usecases.context import Context

PAUSE_DAYS = 30
ANSWERS: dict[int | str, dict[str, Any]] = {
    404: {"description": "A page", "content": {"text/html": {}}},
    **told(413, 422, 503),
}
"""What the routes of readers answer besides their page."""

Wish = Literal["stop", "pause", "resume"]


def mail_of(context: Context, purpose: Purpose, token: str) -> SentMail | None:
    """The mail that a token names; None if the token is none of ours."""
    found = context.links.read(purpose, token)
    return context.sent.by_local_part(found.mail) if found is not None else None


def carry_out(context: Context, mail: SentMail, wish: Wish) -> None:
    """Do it for the address now, and tell the lead; asked again it is done already.

    The lead is told first. Were it the other way round, a process that dies in between would
    leave an address suppressed and a lead that never learns why it gets no mail.
    """
    at = context.now()
    kind = {
        "stop": "email.unsubscribed",
        "pause": "email.paused",
        "resume": "email.resubscribed",
    }[wish]
    suppressions = SqlSuppressionList(context.database)
    stopped = "unsubscribed" in suppressions.reasons(mail.address)
    if wish != "pause" and stopped == (wish == "stop"):
        return
    local = mail.message.partition("@")[0]
    # A pause counts once a day; who stops mail after asking for it again does so anew.
    when = f"{at:%Y-%m-%d}" if wish == "pause" else int(at.timestamp())
    identity = f"{kind}/{local}/{when}"
    data: dict[str, Any] = {"message": mail.message}
    if wish == "pause":
        data["days"] = PAUSE_DAYS
    body = {
        "id": identity,
        "type": kind,
        "subject": mail.email,
        "at": write_instant(at),
        "data": data,
    }
    context.intake.accept(
        [NewItem(lead=mail.lead, item=identity, kind="event", body=body, arrived=at)]
    )
    if wish == "stop":
        suppressions.add(mail.address, "unsubscribed", at=at)
    elif wish == "resume":
        suppressions.remove(mail.address, "unsubscribed")


def stopped(context: Context, mail: SentMail) -> HTMLResponse:
    """The page for who gets no mail any more, with the way back."""
    again = Action("Get mail again", context.links.preferences(mail.message), "wish", "resume")
    return page(
        "You are unsubscribed",
        f"No more news goes to {masked(mail.address)}.",
        actions=[again],
        program=program_of(context, mail),
    )


def stop(context: Context, mail: SentMail, label: str) -> Action:
    """The button that stops all mail."""
    path = context.links.unsubscribe(mail.message)
    return Action(label, path, "List-Unsubscribe", "One-Click")


def pause(context: Context, mail: SentMail) -> Action:
    """The button that pauses mail."""
    path = context.links.preferences(mail.message)
    return Action(f"Pause for {PAUSE_DAYS} days", path, "wish", "pause")
