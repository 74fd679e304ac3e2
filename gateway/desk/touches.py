"""A touch of a lead that is still with marketing: whoever is in the directory may log it."""

# Annotations are not postponed here: they name dependencies that the router makes.

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.desk.act_forms import read_act_form, text_fields
from gateway.desk.mine import my_page
from gateway.web.desk_session import DeskUser, form_sender
from gateway.web.outcomes import sentence_of, status_of
from usecases.acting import ActDone, ActFailed, LeadNotThere, perform
from usecases.context import Acts, Context
from usecases.naming import lead_meant


def router(context: Context, acts: Acts) -> APIRouter:
    """The route of the form on the list of leads."""
    routes = APIRouter(include_in_schema=False)
    form_user = form_sender(context)

    @routes.post("/desk/touch")
    async def touch(request: Request, user: Annotated[DeskUser, Depends(form_user)]) -> Response:
        """Log the touch. The lead is named by its address or one of its ids."""
        form = await request.form()
        named = str(form.get("lead") or "").strip().replace("\0", "")[:200]

        def refused(why: str, status: int) -> HTMLResponse:
            return my_page(context, user, problem=why, status=status, filled=text_fields(form))

        try:
            lead = await asyncio.to_thread(lead_meant, context.database, named)
            fields = read_act_form(form, user.zone)
        except (LookupError, ValueError) as error:
            return await asyncio.to_thread(refused, str(error), 422)
        outcome = await perform(
            context.reports,
            acts,
            context.arrivals,
            user.viewer,
            lead=lead,
            do="touch",
            fields=fields,
            now=context.now(),
        )
        if isinstance(outcome, ActDone):
            return RedirectResponse("/desk?done=touch", 303)
        return await asyncio.to_thread(refused, _why_not(outcome, named), status_of(outcome))

    @routes.get("/desk/touch")
    def back() -> RedirectResponse:
        """Redirect to the list: a browser opens this URL again after a refusal."""
        return RedirectResponse("/desk", 303)

    return routes


def _why_not(outcome: ActFailed, named: str) -> str:
    """The sentence of a touch that was not logged, with the lead as the person named it."""
    if isinstance(outcome, LeadNotThere):
        return (
            f"There is no lead '{named}' that is yours or with marketing."
            " Write its e-mail address or its id."
        )
    return sentence_of(outcome)
