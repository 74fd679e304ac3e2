"""Preferences, `/p/TOKEN`: a recipient pauses, stops or resumes mail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from gateway.recipients.choices import ANSWERS, mail_of, pause_button, stop_button, stopped_page
from gateway.recipients.pages import broken_link_page, masked, page
from gateway.requests.rooms import operation_name
from usecases.context import Context
from usecases.suppressing import PAUSE_DAYS, Choice, choose


def router(context: Context) -> APIRouter:
    """The page, and the route that its buttons post to."""
    routes = APIRouter(
        tags=["mail"],
        default_response_class=HTMLResponse,
        generate_unique_id_function=operation_name,
    )

    @routes.get("/p/{token}", responses=ANSWERS)
    def show_preferences(token: str) -> HTMLResponse:
        """Show the page with the buttons. It changes nothing."""
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
    def change_preferences(
        token: str, choice: Annotated[Choice, Form(alias="wish", examples=["pause"])]
    ) -> HTMLResponse:
        """Pause, stop or resume mail."""
        mail = mail_of(context, "preferences", token)
        if mail is None:
            return broken_link_page()
        choose(context.intake, mail, choice, at=context.now())
        if choice == "stop":
            return stopped_page(context, mail)
        message = {
            "pause": f"You will get no mail from us for {PAUSE_DAYS} days.",
            "resume": "You will get our mail again.",
        }[choice]
        return page("Done", message, program=context.program_of(mail))

    return routes
