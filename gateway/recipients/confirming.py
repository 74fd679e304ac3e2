"""Double opt-in, `/k/TOKEN`: the recipient of a mail confirms their consent.

GET shows a button and changes nothing, because mail scanners follow links. POST confirms.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from adapters.sql.new_item import NewItem
from adapters.sql.sent_mail import SentMail
from gateway.recipients.pages import Action, broken_link_page, masked, page
from gateway.requests.problems import responses
from usecases.context import Context

_ANSWERS = {
    404: {"description": "A page", "content": {"text/html": {}}},
    **responses(413, 422, 503),
}


def router(context: Context) -> APIRouter:
    """The page and its button."""
    routes = APIRouter(tags=["mail"], default_response_class=HTMLResponse)

    @routes.get("/k/{token}", responses=_ANSWERS)
    def show_confirm(token: str) -> HTMLResponse:
        """Show the page with the button. It changes nothing."""
        mail = _mail(context, token)
        if mail is None:
            return broken_link_page()
        button = Action("Yes, confirm", context.links.confirm(mail.message), "confirm", "yes")
        return page(
            "Please confirm", _wording(mail), actions=[button], program=context.program_of(mail)
        )

    @routes.post("/k/{token}", responses=_ANSWERS)
    def confirm(token: str) -> HTMLResponse:
        """Confirm the consent. A second request has no second effect."""
        mail = _mail(context, token)
        if mail is None:
            return broken_link_page()
        raw = {
            "id": f"consent/{mail.message.partition('@')[0]}",
            "type": "consent.confirmed",
            "data": {"source": "double opt-in", "wording": _wording(mail)},
        }
        context.accept(NewItem.event(mail.lead, raw, arrived=context.now()))
        return page("Thank you", "Your address is confirmed.", program=context.program_of(mail))

    return routes


def _mail(context: Context, token: str) -> SentMail | None:
    found = context.links.read("confirm", token)
    return context.sent.by_local_part(found.mail) if found is not None else None


def _wording(mail: SentMail) -> str:
    return f"Do you want to get our mail at {masked(mail.address)}?"
