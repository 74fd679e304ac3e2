"""Unsubscribing: `/u/TOKEN`.

A POST with `List-Unsubscribe=One-Click` (RFC 8058) comes from the button of a mail program. It
unsubscribes at once, without another page, a cookie or a redirect. GET shows a page and changes
nothing, because mail scanners follow links.

If the mail's row is lost, for example after a restore, the address in the token is unsubscribed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from gateway.recipients.choices import ANSWERS, mail_of, pause_button, stop_button, stopped_page
from gateway.recipients.pages import Action, broken_link_page, masked, page
from gateway.requests.rooms import operation_name
from usecases.context import Context
from usecases.suppressing import choose, suppress


def router(context: Context) -> APIRouter:
    """The page, and the route that its button and mail programs post to."""
    routes = APIRouter(
        tags=["mail"],
        default_response_class=HTMLResponse,
        generate_unique_id_function=operation_name,
    )

    @routes.get("/u/{token}", responses=ANSWERS)
    def show_unsubscribe(token: str) -> HTMLResponse:
        """Show the page with the buttons. It changes nothing."""
        mail = mail_of(context, "unsubscribe", token)
        if mail is None:
            return _page_without_mail(context, token)
        if context.mail_ledger.suppression(mail.address, operational=False) is not None:
            return stopped_page(context, mail)
        return page(
            "Unsubscribe?",
            f"We will stop sending news to {masked(mail.address)}.",
            actions=[stop_button(context, mail, "Unsubscribe"), pause_button(context, mail)],
            program=context.program_of(mail),
        )

    @routes.post("/u/{token}", responses=ANSWERS)
    def unsubscribe(
        token: str,
        one_click: Annotated[  # noqa: ARG001 - it only has to be there
            Literal["One-Click"], Form(alias="List-Unsubscribe", examples=["One-Click"])
        ],
    ) -> HTMLResponse:
        """Unsubscribe at once. A second request has no second effect."""
        mail = mail_of(context, "unsubscribe", token)
        if mail is None:
            return _unsubscribed_without_mail(context, token)
        choose(context.intake, mail, "stop", at=context.now())
        return stopped_page(context, mail)

    return routes


def _page_without_mail(context: Context, token: str) -> HTMLResponse:
    address = context.links.recipient(token)
    if address is None:
        return broken_link_page()
    if context.mail_ledger.suppression(address, operational=False) is not None:
        return _done(address)
    path = f"{context.links.public_url}/u/{token}"
    button = Action("Unsubscribe", path, "List-Unsubscribe", "One-Click")
    return page(
        "Unsubscribe?", f"We will stop sending news to {masked(address)}.", actions=[button]
    )


def _unsubscribed_without_mail(context: Context, token: str) -> HTMLResponse:
    address = context.links.recipient(token)
    if address is None:
        return broken_link_page()
    suppress(context.intake, address, "unsubscribed", at=context.now())
    return _done(address)


def _done(address: str) -> HTMLResponse:
    return page("You are unsubscribed", f"No more news goes to {masked(address)}.")
