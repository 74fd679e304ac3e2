"""Saved views: a person saves a list with its filters under a name, and removes it."""

# Annotations are not postponed here: they name dependencies that the router makes.

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse, Response

from adapters.sql.desk_views import SqlDeskViews
from gateway.desk.queue import base_of, query_of
from gateway.web.desk_session import DeskProblemError, DeskUser, form_sender
from gateway.web.outcomes import as_sentence
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The route of the form."""
    routes = APIRouter(include_in_schema=False)
    views = SqlDeskViews(context.database)
    form_user = form_sender(context)

    @routes.post("/desk/views")
    def save(
        user: Annotated[DeskUser, Depends(form_user)],
        name: Annotated[str, Form()] = "",
        back: Annotated[str, Form()] = "",
        do: Annotated[str, Form()] = "save",
    ) -> Response:
        """Save the list that the form came from, or remove a view."""
        path = query_of(back).path(base_of(back))
        if do == "remove":
            views.remove(user.person, name.replace("\0", ""))
            return RedirectResponse(path, 303)
        try:
            views.save(user.person, name, path)
        except ValueError as error:
            raise DeskProblemError(422, as_sentence(str(error))) from None
        return RedirectResponse(path, 303)

    @routes.get("/desk/views")
    def back_to_list() -> RedirectResponse:
        """Redirect to the list: a browser opens this URL again after a refusal."""
        return RedirectResponse("/desk", 303)

    return routes
