"""Open tasks of a person and of their teams, on pages."""

# Annotations are not postponed here: they name dependencies that the router makes.

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from adapters.reports.desk_lists import SqlDeskLists, TaskPage
from gateway.web.desk_session import DeskUser, desk_user
from gateway.web.pages import page
from lifecycle.sales_words import ACT_WORDS
from usecases.context import Context


def router(context: Context) -> APIRouter:
    """The route of the page."""
    routes = APIRouter(include_in_schema=False)
    current_user = desk_user(context)

    @routes.get("/desk/tasks")
    def tasks(
        user: Annotated[DeskUser, Depends(current_user)],
        number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
        done: str = "",
    ) -> HTMLResponse:
        """Show a page of tasks."""
        return page(
            "tasks.html",
            context,
            zone=user.zone,
            user=user,
            shown=tasks_of(context, user, number=number),
            names=user.people.names,
            done=ACT_WORDS[done].done if done in ACT_WORDS else "",
            fresh=lambda: uuid.uuid4().hex,
        )

    return routes


def tasks_of(
    context: Context, user: DeskUser, *, number: int = 1, most: int | None = None
) -> TaskPage:
    """The open tasks of a person: their own, and those of teams that they are in or manage.

    `most`: how many, if not a whole page.
    """
    people = user.people
    teams = people.teams_of(user.person) | people.managed_by(user.person)
    return SqlDeskLists(context.database).tasks(user.person, teams, number=number, most=most)
