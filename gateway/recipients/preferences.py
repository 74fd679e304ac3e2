"""Preferences: `/p/TOKEN`, where a recipient says how much mail is welcome."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from gateway.recipients.choices import ANSWERS, mail_of, pause_button, stop_button, stopped_page
from gateway.recipients.pages import broken_link_page, masked, page
from usecases.context import Context
from usecases.suppressing import PAUSE_DAYS, Choice, choose


def router(context: Context) -> APIRouter:
    """The page and what its buttons post."""
    routes = APIRouter(tags=["mail"], default_response_class=HTMLResponse)

    @routes.get("/p/{token}", responses=ANSWERS)
    def preferences(token: str) -> HTMLResponse:
        """The page on which a recipient says how much mail is welcome; it changes nothing."""
        mail = mail_of(context, "preferences", token)
        if mail is None:
            return broken_link_page()
        if context.mail_ledger.suppression(mail.address, operational=False) is not None:
            return stopped_page(context, mail)
        return page(
            "How much mail is welcome?",
            f"This is about news to {masked(mail.address)}.",
            actions=[pause_button(context, mail), stop_button(context, mail, "Stop all mail")],
            program=context.program_of(mail),
        )

    @routes.post("/p/{token}", responses=ANSWERS)
    def prefer(token: str, wish: Annotated[Choice, Form(examples=["pause"])]) -> HTMLResponse:
        """Pause, stop, or get mail again."""
        mail = mail_of(context, "preferences", token)
        if mail is None:
            return broken_link_page()
        choose(context.intake, mail, wish, at=context.now())
        if wish == "stop":
            return stopped_page(context, mail)
        message = {
            "pause": f"You will hear nothing from us for {PAUSE_DAYS} days.",
            "resume": "You will get our mail again.",
        }[wish]
        return page("Done", message, program=context.program_of(mail))

    return routes
